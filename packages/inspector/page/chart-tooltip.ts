import type { Axis } from '../src/view/protocol.js';
import { bothEnds } from './both-ends.js';
import type { ChartCursor } from './chart.js';
import { colorName } from './colors.js';
import { type Curve, nearestIndex } from './curves.js';
import { h } from './dom.js';
import { onAxis, short } from './format.js';

const MOST_ROWS = 12;

/** A run's point nearest to the cursor. */
export interface Reading {
  readonly run: number;
  readonly x: number;
  readonly y: number;
  /** The smoothed value, where there is one. */
  readonly smooth: number | undefined;
}

/** What each run shows at x; a run that ends far from there shows nothing. */
export function readingsAt(curves: readonly Curve[], x: number, width: number): readonly Reading[] {
  return curves
    .filter(({ kind }) => kind === 'raw')
    .flatMap(({ run, xs, ys }) => {
      const index = nearestIndex(xs, x);
      if (index < 0 || (Math.abs(xs[index]! - x) > width / 12 && xs.length > 2)) return [];
      const smooth = curves.find((other) => other.run === run && other.kind === 'smooth');
      const near = smooth === undefined ? -1 : nearestIndex(smooth.xs, xs[index]!);
      return [{ run, x: xs[index]!, y: ys[index]!, smooth: near < 0 ? undefined : smooth!.ys[near]! }];
    });
}

/** The readings as text, for those who hear the page. */
export function readingsText(readings: readonly Reading[], axis: Axis, nameOf: (run: number) => string): string {
  if (readings.length === 0) return 'no point here';
  const values = readings.slice(0, MOST_ROWS).map(({ run, y }) => `${nameOf(run)} ${short(y)}`);
  return `${onAxis(axis, readings[0]!.x)}: ${values.join(', ')}`;
}

/** A small table beside the cursor. The run nearest to it comes out. */
export function tooltip(
  readings: readonly Reading[],
  cursor: ChartCursor,
  axis: Axis,
  nameOf: (run: number) => string,
): { readonly element: HTMLElement; readonly nearest: number | undefined } {
  const distance = ({ y, smooth }: Reading) => Math.abs((smooth ?? y) - cursor.y);
  const nearest = readings.toSorted((a, b) => distance(a) - distance(b))[0];
  const shown = readings
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, MOST_ROWS)
    .sort((a, b) => (b.smooth ?? b.y) - (a.smooth ?? a.y));
  const rows = shown.map(({ run, x, y, smooth }) =>
    h(
      'tr',
      { className: run === nearest?.run ? 'nearest' : '' },
      h('td', {}, swatch(run)),
      h('td', {}, h('div', { className: 'name' }, ...bothEnds(nameOf(run)))),
      smooth === undefined ? null : h('td', { className: 'number' }, short(smooth)),
      h('td', { className: smooth === undefined ? 'number' : 'number soft' }, short(y)),
      h('td', { className: 'number soft' }, onAxis(axis, x)),
    ),
  );
  const left = readings.length - shown.length;
  const element = h(
    'div',
    { className: 'tooltip' },
    h('table', {}, ...rows),
    left > 0 ? h('p', {}, `and ${left} more`) : null,
  );
  element.style.left = cursor.left > cursor.width / 2 ? '' : `${cursor.left + 14}px`;
  element.style.right = cursor.left > cursor.width / 2 ? `${cursor.width - cursor.left + 14}px` : '';
  return { element, nearest: nearest?.run };
}

/** A spot in the colour of a run's curve. */
export function swatch(run: number): HTMLElement {
  const element = h('span', { className: 'swatch', attrs: { 'aria-hidden': true } });
  element.style.background = `var(${colorName(run)})`;
  return element;
}
