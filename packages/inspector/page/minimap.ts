import type { RunAnswer } from '../src/view/protocol.js';
import { type Curve, spanOf } from './curves.js';
import { fill, h, s } from './dom.js';
import type { MicroRange } from './two-axes-data.js';

const HEIGHT = 46;

/** The whole run, small, and the part of it that is shown. Dragging chooses another part. */
export interface Minimap {
  readonly element: HTMLElement;
  show(run: RunAnswer, curve: Curve | undefined, range: MicroRange): void;
}

export function createMinimap(onRange: (range: MicroRange) => void): Minimap {
  let last = 1;
  let shown: MicroRange = { from: 1, to: 1 };
  const svg = s('svg', { class: 'map', 'aria-hidden': true, preserveAspectRatio: 'none' });
  const element = h('div', { className: 'minimap', title: 'Drag to choose a part of the run' }, svg);

  function microAt(event: PointerEvent): number {
    const { left, width } = svg.getBoundingClientRect();
    return 1 + Math.max(0, Math.min(1, (event.clientX - left) / width)) * (last - 1);
  }

  element.addEventListener('pointerdown', (event) => {
    const began = microAt(event);
    const { from, to } = shown;
    const isMove = began >= from && began <= to && to - from < last - 1;
    element.setPointerCapture(event.pointerId);
    const drag = (move: PointerEvent) => {
      const now = microAt(move);
      if (isMove) {
        const shift = Math.max(1 - from, Math.min(last - to, Math.round(now - began)));
        onRange({ from: from + shift, to: to + shift });
      } else if (Math.abs(now - began) >= (last - 1) / 200) {
        onRange({ from: Math.floor(Math.min(began, now)), to: Math.ceil(Math.max(began, now)) });
      }
    };
    element.addEventListener('pointermove', drag);
    element.addEventListener('pointerup', () => element.removeEventListener('pointermove', drag), { once: true });
  });

  return {
    element,
    show(run, curve, range) {
      last = Math.max(2, run.last.microStep ?? 2);
      shown = range;
      svg.setAttribute('viewBox', `1 0 ${last - 1} ${HEIGHT}`);
      const { min, max } = spanOf(curve === undefined ? [] : [curve.ys]) ?? { min: 0, max: 1 };
      let path = '';
      let isOpen = false;
      for (let i = 0; i < (curve?.xs.length ?? 0); i++) {
        const y = HEIGHT - 4 - ((curve!.ys[i]! - min) / (max - min || 1)) * (HEIGHT - 8);
        if (Number.isFinite(y)) path += `${isOpen ? 'L' : 'M'}${curve!.xs[i]} ${y.toFixed(1)}`;
        isOpen = Number.isFinite(y);
      }
      const width = Math.max((last - 1) / 300, range.to - range.from);
      fill(
        svg,
        s('rect', { class: 'shown', x: range.from, y: 0, width, height: HEIGHT }),
        s('path', { class: 'curve', d: path, 'vector-effect': 'non-scaling-stroke' }),
      );
    },
  };
}
