import uPlot from 'uplot';
import type { Axis } from '../src/view/protocol.js';
import { type Paint, paintCurves } from './chart-paint.js';
import { chartAxes, type Span, xSpan, ySpan } from './chart-scales.js';
import type { Curve } from './curves.js';

/** What a chart shows. */
export interface Drawing {
  readonly curves: readonly Curve[];
  readonly axis: Axis;
  readonly isLog: boolean;
  readonly isStepped: boolean;
  /** The part of x that is seen; all of it where absent. */
  readonly zoom: Span | undefined;
}

/** Where the reader looks: x as the axis counts, and where that is in the frame, in CSS pixels. */
export interface ChartCursor {
  readonly x: number;
  readonly y: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

/** A chart in a box of the page, whose size it takes. */
export interface Chart {
  draw(drawing: Drawing): void;
  highlight(run: number | undefined): void;
  /** Moves the cursor by so many pixels, or to one of the ends. */
  moveCursor(pixels: number): void;
  /** Shows `factor` times as much of x around the cursor. */
  zoomBy(factor: number): void;
  destroy(): void;
}

/** The chart under the pointer or the keyboard tells `onCursor`, undefined when it is left; `onZoom` hears what the reader wants to see. */
export function createChart(
  box: HTMLElement,
  on: {
    readonly onCursor: (cursor: ChartCursor | undefined) => void;
    readonly onZoom: (zoom: Span | undefined) => void;
  },
): Chart {
  let drawing: Drawing | undefined;
  let plot: uPlot | undefined;
  let kind = '';
  let highlighted: number | undefined;
  let isPointed = false;

  const resizing = new ResizeObserver(() => {
    if (plot !== undefined) plot.setSize(sizeOf(box));
  });
  resizing.observe(box);

  function spans(): { readonly x: Span; readonly y: Span } {
    const { curves, zoom, isLog } = drawing!;
    const x = zoom ?? xSpan(curves);
    return { x, y: ySpan(curves, x, isLog) };
  }

  function make({ axis, isLog }: Drawing): uPlot {
    const range = (name: 'x' | 'y') => () => {
      const { min, max } = spans()[name];
      return [min, max] as [number, number];
    };
    const options: uPlot.Options = {
      ...sizeOf(box),
      padding: [8, 18, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: axis === 'time', range: range('x') },
        y: { distr: isLog ? 3 : 1, range: range('y') },
      },
      // The library draws frame, axes and cursor; the curves, each with points of its own, are drawn by us.
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: chartAxes(axis, isLog),
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        y: false,
        // The cursor alone: each chart is zoomed by itself.
        sync: { key: 'x', setSeries: false, scales: ['x', null], filters: { pub: isMove } },
        bind: { dblclick: () => showAll },
      },
      hooks: {
        draw: [(u) => drawing && paintCurves(u, paintOf(drawing))],
        setCursor: [tellCursor],
        setSelect: [select],
      },
    };
    const made = new uPlot(options, dataOf(), box);
    made.over.addEventListener('pointerenter', () => {
      isPointed = true;
    });
    made.over.addEventListener('pointerleave', () => {
      isPointed = false;
      on.onCursor(undefined);
    });
    return made;
  }

  function paintOf({ curves, isLog, isStepped }: Drawing): Paint {
    return { curves, isLog, isStepped, highlighted };
  }

  /** The ends of x, without a y: all that the library must know. */
  function dataOf(): uPlot.AlignedData {
    const { min, max } = spans().x;
    return [
      [min, max],
      [null, null],
    ];
  }

  function tellCursor(u: uPlot): void {
    const { left = -1, top = -1 } = u.cursor;
    if (!isPointed || left < 0) return;
    on.onCursor({ x: u.posToVal(left, 'x'), y: u.posToVal(top, 'y'), left, top, width: u.over.clientWidth });
  }

  function showAll(): null {
    on.onZoom(undefined);
    return null;
  }

  function select(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 4) return;
    const zoom = { min: u.posToVal(left, 'x'), max: u.posToVal(left + width, 'x') };
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    on.onZoom(zoom);
  }

  return {
    draw(next) {
      drawing = next;
      // What the library can't change afterwards: the colours are the page's present ones.
      const nextKind = `${next.axis} ${next.isLog} ${getComputedStyle(box).color}`;
      if (plot !== undefined && nextKind === kind) {
        plot.setData(dataOf());
        return;
      }
      plot?.destroy();
      kind = nextKind;
      plot = make(next);
    },
    highlight(run) {
      if (run === highlighted) return;
      highlighted = run;
      plot?.redraw(false);
    },
    moveCursor(pixels) {
      if (plot === undefined) return;
      const width = plot.over.clientWidth;
      const { left: before = -1 } = plot.cursor;
      const left = Math.max(0, Math.min(width, (before < 0 ? width / 2 : before) + pixels));
      isPointed = true;
      plot.setCursor({ left, top: plot.over.clientHeight / 2 });
      isPointed = false;
    },
    zoomBy(factor) {
      if (plot === undefined || drawing === undefined) return;
      const { min, max } = spans().x;
      const { left = -1 } = plot.cursor;
      const middle = left < 0 ? (min + max) / 2 : plot.posToVal(left, 'x');
      const all = xSpan(drawing.zoom === undefined ? drawing.curves : []);
      const zoom = { min: middle - (middle - min) * factor, max: middle + (max - middle) * factor };
      on.onZoom(drawing.zoom === undefined && zoom.min <= all.min && zoom.max >= all.max ? undefined : zoom);
    },
    destroy() {
      resizing.disconnect();
      plot?.destroy();
    },
  };
}

function isMove(type: string): boolean {
  return type === 'mousemove' || type === 'mouseleave';
}

function sizeOf(box: HTMLElement): { readonly width: number; readonly height: number } {
  return { width: Math.max(120, box.clientWidth), height: Math.max(80, box.clientHeight) };
}
