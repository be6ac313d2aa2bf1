import type uPlot from 'uplot';
import { colorName, cssColor, dashOf } from './colors.js';
import type { Curve } from './curves.js';

/** How curves look. */
export interface Paint {
  readonly curves: readonly Curve[];
  readonly isLog: boolean;
  /** Whether a value holds from the point before it on, as the size of a window does. */
  readonly isStepped: boolean;
  /** The run that stands out, if one does. */
  readonly highlighted: number | undefined;
}

type ToPixel = (value: number) => number;

const FEW_POINTS_PIXELS = 9;
const MARKS_APART = 16;

/** Draws all curves into the frame of a chart. */
export function paintCurves(u: uPlot, paint: Paint): void {
  const { ctx, bbox } = u;
  const ratio = uPlotRatio(u);
  ctx.save();
  ctx.beginPath();
  // Dots at the edges are whole.
  const room = 4 * ratio;
  ctx.rect(bbox.left - room, bbox.top - room, bbox.width + 2 * room, bbox.height + 2 * room);
  ctx.clip();
  ctx.lineJoin = 'round';
  const smoothed = new Set(paint.curves.filter(({ kind }) => kind === 'smooth').map(({ run }) => run));
  const toX = toPixel(u.scales.x!, bbox.left, bbox.width, false);
  const toY = toPixel(u.scales.y!, bbox.top + bbox.height, -bbox.height, paint.isLog);
  for (const curve of paint.curves) {
    const isFaint = curve.kind === 'raw' && smoothed.has(curve.run);
    const isBehind = paint.highlighted !== undefined && paint.highlighted !== curve.run;
    ctx.globalAlpha = (isFaint ? 0.28 : 1) * (isBehind ? 0.18 : 1);
    ctx.strokeStyle = cssColor(colorName(curve.run));
    ctx.fillStyle = ctx.strokeStyle;
    ctx.lineWidth = (paint.highlighted === curve.run ? 2.4 : 1.5) * ratio;
    ctx.setLineDash(dashOf(curve.run).map((length) => length * ratio));
    paintLine(ctx, curve, toX, toY, paint);
    ctx.setLineDash([]);
    if (curve.xs.length * FEW_POINTS_PIXELS * ratio <= bbox.width) paintDots(ctx, curve, toX, toY, 2.2 * ratio);
    if (curve.kind === 'raw') paintMarks(ctx, curve, toX, bbox, ratio);
  }
  ctx.restore();
}

function uPlotRatio(u: uPlot): number {
  return u.bbox.width / u.over.clientWidth || 1;
}

function toPixel({ min = 0, max = 1 }: uPlot.Scale, start: number, length: number, isLog: boolean): ToPixel {
  if (!isLog) return (value) => start + ((value - min) / (max - min)) * length;
  const [low, high] = [Math.log10(min), Math.log10(max)];
  return (value) => (value > 0 ? start + ((Math.log10(value) - low) / (high - low)) * length : Number.NaN);
}

/** A line through finite points, broken where one is not. */
function paintLine(ctx: CanvasRenderingContext2D, { xs, ys }: Curve, toX: ToPixel, toY: ToPixel, paint: Paint): void {
  ctx.beginPath();
  let isOpen = false;
  let lastX = 0;
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [toX(xs[i]!), toY(ys[i]!)];
    if (!Number.isFinite(y)) {
      isOpen = false;
      continue;
    }
    if (!isOpen) {
      ctx.moveTo(x, y);
      // A point between two gaps is a line of no length.
      ctx.lineTo(x + 0.01, y);
    } else if (paint.isStepped) {
      ctx.lineTo(lastX, y);
      ctx.lineTo(x, y);
    } else {
      ctx.lineTo(x, y);
    }
    isOpen = true;
    lastX = x;
  }
  ctx.lineCap = 'round';
  ctx.stroke();
}

function paintDots(ctx: CanvasRenderingContext2D, { xs, ys }: Curve, toX: ToPixel, toY: ToPixel, radius: number): void {
  ctx.beginPath();
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [toX(xs[i]!), toY(ys[i]!)];
    if (!Number.isFinite(y)) continue;
    ctx.moveTo(x + radius, y);
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
}

/** Values that are not finite: triangles at the edge that they lie beyond, at the lower one for NaN, which is hollow. */
function paintMarks(
  ctx: CanvasRenderingContext2D,
  { xs, ys }: Curve,
  toX: ToPixel,
  bbox: uPlot.BBox,
  ratio: number,
): void {
  const size = 5 * ratio;
  let lastX = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < xs.length; i++) {
    const y = ys[i]!;
    if (Number.isFinite(y)) continue;
    const x = toX(xs[i]!);
    // A row of them is told by its beginning and a few more.
    if (x - lastX < MARKS_APART * ratio) continue;
    lastX = x;
    const isUp = y === Number.POSITIVE_INFINITY;
    const [base, tip] = isUp
      ? [bbox.top + 1.6 * size, bbox.top + 2]
      : [bbox.top + bbox.height - 1.6 * size, bbox.top + bbox.height - 2];
    const [flat, point] = Number.isNaN(y) ? [tip, base] : [base, tip];
    ctx.beginPath();
    ctx.moveTo(x - size, flat);
    ctx.lineTo(x + size, flat);
    ctx.lineTo(x, point);
    ctx.closePath();
    if (Number.isNaN(y)) ctx.stroke();
    else ctx.fill();
  }
}
