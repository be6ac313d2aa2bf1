import type { WindowAnswer } from '../src/view/protocol.js';
import { spanOf } from './curves.js';
import { s } from './dom.js';
import { count, numberOf, short } from './format.js';
import type { MicroRange, TwoAxes } from './two-axes-data.js';

/** What a drawing of the two axes is made of. */
export interface Scene {
  readonly data: TwoAxes;
  readonly range: MicroRange;
  readonly isAccumulated: boolean;
  readonly isLog: boolean;
  /** Beside each other, or one above the other with the windows between them. */
  readonly isSideBySide: boolean;
  readonly width: number;
}

interface Panel {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

type Scale = (value: number) => number;
type Ends = [from: number, to: number];

const LEFT = 64;
const RIGHT = 16;
const PANEL = 176;
const TITLE = 34;
const LINKS = 56;
const LABELS = 24;
const SIDE_GAP = 76;
const SAMPLES = 20;

/** Draws the scene; each window is a `g.window` whose `data-index` is its place among the scene's windows. */
export function drawScene({ data, range, isAccumulated, isLog, isSideBySide, width }: Scene): SVGSVGElement {
  const { wandb, tensorboard, micro, windows } = data;
  const half = isSideBySide ? (width - LEFT - RIGHT - SIDE_GAP) / 2 : width - LEFT - RIGHT;
  const upper: Panel = { left: LEFT, right: LEFT + half, top: TITLE, bottom: TITLE + PANEL };
  const lower: Panel = isSideBySide
    ? { ...upper, left: upper.right + SIDE_GAP, right: width - RIGHT }
    : { ...upper, top: upper.bottom + LABELS + LINKS, bottom: upper.bottom + LABELS + LINKS + PANEL };
  const height = lower.bottom + LABELS + (isSideBySide ? 4 : TITLE);

  const values = [wandb?.ys, tensorboard?.ys, micro?.ys].filter((ys) => ys !== undefined);
  const span = spanOf(values, isLog) ?? { min: isLog ? 0.1 : 0, max: 1 };
  const toMicro = linear(range.from - 0.5, range.to + 0.5, lower.left, lower.right);
  const [firstRow, lastRow] = rowsOf(data, range, isAccumulated);
  const toRow = linear(firstRow - 0.5, lastRow + 0.5, upper.left, upper.right);
  const yOf = ({ top, bottom }: Panel) => valueScale(span, isLog, bottom - 10, top + 8);

  const root = s('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'two-axes', 'aria-hidden': true });
  root.append(hatching());
  for (const [index, window] of windows.windows.entries()) {
    root.append(
      drawWindow(window, index, { upper, lower, toMicro, toRow, isAccumulated, isSideBySide, yOf: yOf(lower) }),
    );
  }
  const about = isAccumulated ? 'one row for each optimizer step' : 'one row for each micro-batch';
  root.append(
    frame(upper, span, yOf(upper)),
    frame(lower, span, yOf(lower)),
    title(upper.left, upper.top - 14, 'W&B', about),
    // Below: above it the windows come together.
    title(
      lower.left,
      isSideBySide ? lower.top - 14 : lower.bottom + LABELS + 18,
      'TensorBoard',
      'x is the micro-batch',
    ),
    ticks(upper, toRow, firstRow, lastRow),
    ticks(lower, toMicro, range.from, range.to),
  );
  if (micro !== undefined) root.append(dots(micro.xs, micro.ys, toMicro, yOf(lower), 'micro', lower));
  for (const [curve, toX, panel, clipId] of [
    [wandb, toRow, upper, 'in-upper'],
    [tensorboard, toMicro, lower, 'in-lower'],
  ] as const) {
    if (curve === undefined) continue;
    const kind = isAccumulated ? 'loss' : 'micro';
    root.append(clip(clipId, panel), line(curve.xs, curve.ys, toX, yOf(panel), kind, clipId));
    if (isAccumulated || curve.xs.length < (panel.right - panel.left) / 5) {
      root.append(dots(curve.xs, curve.ys, toX, yOf(panel), kind, panel));
    }
  }
  return root;
}

/** The rows of W&B that the range holds. */
function rowsOf({ windows, wandb }: TwoAxes, range: MicroRange, isAccumulated: boolean): readonly [number, number] {
  if (!isAccumulated) return [range.from - 1, range.to - 1];
  if (windows.ends !== undefined)
    return [windows.ends[0].step - 1, Math.max(windows.ends[0].step, windows.ends[1].step) - 1];
  return [wandb?.xs[0] ?? 0, wandb?.xs.at(-1) ?? 1];
}

interface Places {
  readonly upper: Panel;
  readonly lower: Panel;
  readonly toMicro: Scale;
  readonly toRow: Scale;
  readonly yOf: Scale;
  readonly isAccumulated: boolean;
  readonly isSideBySide: boolean;
}

/** A window's micro-batches below, its row above, and what leads from the ones to the other. */
function drawWindow(window: WindowAnswer, index: number, places: Places): SVGGElement {
  const { upper, lower, toMicro, toRow, yOf, isAccumulated, isSideBySide } = places;
  const [from, to] = [toMicro(window.firstMicroStep - 0.5), toMicro(window.lastMicroStep + 0.5)].map(
    within(lower),
  ) as Ends;
  const isGiven = window.discarded === undefined;
  const kind = `window${index % 2 === 1 ? ' odd' : ''}${isGiven ? '' : ' discarded'}`;
  const group = s('g', { class: kind, 'data-index': index });
  group.append(rectangle(from, to, lower, 'band'));
  const rows = isAccumulated
    ? [toRow(window.step - 1.5), toRow(window.step - 0.5)]
    : [toRow(window.firstMicroStep - 1.5), toRow(window.lastMicroStep - 0.5)];
  const [rowFrom, rowTo] = rows.map(within(upper)) as Ends;
  if (isGiven || !isAccumulated) {
    group.append(rectangle(rowFrom, rowTo, upper, 'band row'));
    if (!isSideBySide) {
      const [top, bottom] = [upper.bottom + LABELS, lower.top - SAMPLES];
      group.append(
        s('path', {
          class: 'link',
          d: `M${rowFrom} ${upper.bottom}V${top}L${from} ${bottom}V${lower.top}H${to}V${bottom}L${rowTo} ${top}V${upper.bottom}Z`,
        }),
      );
    }
  }
  const samples = numberOf(window.samples);
  if (to - from > 26 && Number.isFinite(samples)) {
    group.append(s('text', { x: (from + to) / 2, y: lower.top - 6, class: 'samples' }, count(samples)));
  }
  const loss = numberOf(window.loss);
  // The loss of the step over the micro-batches that it is the mean of.
  if (isAccumulated && Number.isFinite(loss)) {
    const y = yOf(loss);
    group.append(s('path', { class: 'mean', d: `M${from} ${y}H${to}` }));
  }
  return group;
}

/** Of a window at the edge, only a part is shown. */
function within({ left, right }: Panel): Scale {
  return (x) => Math.max(left, Math.min(right, x));
}

function rectangle(from: number, to: number, { top, bottom }: Panel, kind: string): SVGRectElement {
  return s('rect', { class: kind, x: from, y: top, width: Math.max(0, to - from), height: bottom - top });
}

/** Windows that were given up are hatched, not coloured alone. */
function hatching(): SVGDefsElement {
  const stripe = s('path', { d: 'M0 0V6', class: 'stripe' });
  const pattern = {
    id: 'given-up',
    width: 6,
    height: 6,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  };
  return s('defs', {}, s('pattern', pattern, stripe));
}

function title(x: number, y: number, name: string, about: string): SVGTextElement {
  return s('text', { x, y, class: 'title' }, name, s('tspan', { class: 'about', dx: 10 }, about));
}

function frame(
  { left, right, top, bottom }: Panel,
  { min, max }: { min: number; max: number },
  toY: Scale,
): SVGGElement {
  return s(
    'g',
    {},
    ...[max, min].map((value) => s('text', { x: left - 8, y: toY(value) + 4, class: 'label end' }, short(value))),
    s('path', { class: 'frame', d: `M${left} ${top}V${bottom}H${right}` }),
  );
}

function ticks({ left, right, bottom }: Panel, toX: Scale, from: number, to: number): SVGGElement {
  const room = Math.max(2, Math.floor((right - left) / 74));
  const step = niceStep((to - from) / room);
  const group = s('g', {});
  const marks = new Set([from, to]);
  for (let x = Math.ceil(from / step) * step; x <= to; x += step) {
    if (toX(x) - toX(from) > 40 && toX(to) - toX(x) > 40) marks.add(x);
  }
  for (const x of marks) {
    group.append(
      s('path', { class: 'frame', d: `M${toX(x)} ${bottom}v4` }),
      s('text', { x: toX(x), y: bottom + 16, class: 'label middle' }, count(x)),
    );
  }
  return group;
}

function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(atLeast, 1)));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= atLeast) ?? 10 * power;
}

/** Lines lead to the points beyond the edges, and end there. */
function clip(id: string, { left, right, top, bottom }: Panel): SVGClipPathElement {
  return s('clipPath', { id }, s('rect', { x: left, y: top, width: right - left, height: bottom - top }));
}

function line(
  xs: Float64Array,
  ys: Float64Array,
  toX: Scale,
  toY: Scale,
  kind: string,
  clipId: string,
): SVGPathElement {
  let path = '';
  let isOpen = false;
  for (let i = 0; i < xs.length; i++) {
    const y = toY(ys[i]!);
    if (Number.isFinite(y)) path += `${isOpen ? 'L' : 'M'}${toX(xs[i]!).toFixed(1)} ${y.toFixed(1)}`;
    isOpen = Number.isFinite(y);
  }
  return s('path', { class: `curve ${kind}`, d: path, 'clip-path': `url(#${clipId})` });
}

/** Points as one path of dots; those that are no number stand at the bottom. */
function dots(
  xs: Float64Array,
  ys: Float64Array,
  toX: Scale,
  toY: Scale,
  kind: string,
  { left, right, bottom }: Panel,
): SVGPathElement {
  let path = '';
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [toX(xs[i]!), toY(ys[i]!)];
    if (x < left || x > right) continue;
    path += `M${x.toFixed(1)} ${(Number.isFinite(y) ? y : bottom - 3).toFixed(1)}h.01`;
  }
  return s('path', { class: `dots ${kind}${xs.length > 400 ? ' many' : ''}`, d: path });
}

function linear(fromMin: number, fromMax: number, toMin: number, toMax: number): Scale {
  const factor = fromMax === fromMin ? 0 : (toMax - toMin) / (fromMax - fromMin);
  return (value) => toMin + (value - fromMin) * factor;
}

function valueScale({ min, max }: { min: number; max: number }, isLog: boolean, low: number, high: number): Scale {
  const [from, to] = min === max ? [min - (Math.abs(min) || 1) / 2, max + (Math.abs(max) || 1) / 2] : [min, max];
  if (!isLog) return linear(from, to, low, high);
  const scale = linear(Math.log10(from), Math.log10(to), low, high);
  return (value) => (value > 0 ? scale(Math.log10(value)) : Number.NaN);
}
