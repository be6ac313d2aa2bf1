import { h, s } from './dom.js';
import { plural, short } from './format.js';

/** A distribution at some moment. */
export interface Distribution {
  readonly counts: readonly number[];
  readonly edges: readonly number[];
  readonly label: string;
  readonly index: number;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, PEAK] = [360, 220, 8, 8, 22, 56];

/** Distributions one behind the other, the latest in front; each as high as all others at its densest. */
export function drawRidges(ridges: readonly Distribution[], name: string): Element {
  if (ridges.length === 0) return h('p', { className: 'note' }, 'no value that is finite');
  const low = Math.min(...ridges.map(({ edges }) => edges[0]!));
  const high = Math.max(...ridges.map(({ edges }) => edges.at(-1)!));
  const densities = ridges.map(densityOf);
  const toX = (value: number) => LEFT + ((value - low) / (high - low || 1)) * (WIDTH - LEFT - RIGHT);
  const room = HEIGHT - BOTTOM - PEAK;
  const paths = ridges.map(({ edges, label, index }, order) => {
    const base = PEAK + (ridges.length === 1 ? room : (room * order) / (ridges.length - 1));
    const highest = Math.max(...densities[order]!, Number.MIN_VALUE);
    // Through the middles of the bins, from the ground and back to it.
    const peaks = densities[order]!.map((density, bin) => {
      const middle = toX((edges[bin]! + edges[bin + 1]!) / 2).toFixed(1);
      return `L${middle} ${(base - (density / highest) * (PEAK - 6)).toFixed(1)}`;
    });
    const path = `M${toX(edges[0]!).toFixed(1)} ${base}${peaks.join('')}L${toX(edges.at(-1)!).toFixed(1)} ${base}Z`;
    const age = ridges.length === 1 ? 1 : 0.25 + (0.75 * order) / (ridges.length - 1);
    return s(
      'path',
      { class: 'ridge', d: path, 'fill-opacity': age.toFixed(2), 'data-index': index },
      s('title', {}, label),
    );
  });
  const label = `${name}: ${plural(ridges.length, 'distribution')} from ${short(low)} to ${short(high)}`;
  return s(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'ridges', role: 'img', 'aria-label': label },
    ...paths,
    s('path', { class: 'frame', d: `M${LEFT} ${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }),
    s('text', { x: LEFT, y: HEIGHT - 6, class: 'label' }, short(low)),
    s('text', { x: WIDTH / 2, y: HEIGHT - 6, class: 'label middle' }, short((low + high) / 2)),
    s('text', { x: WIDTH - RIGHT, y: HEIGHT - 6, class: 'label end' }, short(high)),
  );
}

/** Counts by the width of their bins, which may differ. */
function densityOf({ counts, edges }: Distribution): number[] {
  return counts.map((count, bin) => {
    const width = edges[bin + 1]! - edges[bin]!;
    return width > 0 && Number.isFinite(width) ? count / width : 0;
  });
}
