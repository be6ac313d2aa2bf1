const WIDTH = 860;
const HEIGHT = 470;
const LEFT = 56;
const RIGHT = WIDTH - 24;
const TOP_PANEL = { top: 52, bottom: 182 };
const BOTTOM_PANEL = { top: 270, bottom: 400 };

const STYLE = `
  svg { --ink: #1f2328; --soft: #656d76; --line: #d0d7de; --band: #eef3f8; --loss: #0969da; --micro: #9a6700; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --soft: #8d96a0; --line: #3d444d; --band: #1b2330; --loss: #58a6ff; --micro: #d29922; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--soft); }
  .title { font-size: 15px; font-weight: 600; fill: var(--ink); }
  .axis { stroke: var(--line); }
  .band, .link { fill: var(--band); }
  .link { opacity: 0.75; }
  .odd { opacity: 0.35; }
  .loss { fill: none; stroke: var(--loss); stroke-width: 2; }
  .dot { fill: var(--loss); }
  .micro { fill: none; stroke: var(--micro); stroke-width: 1.5; }
  .key-loss { fill: var(--loss); }
  .key-micro { fill: var(--micro); }`;

/**
 * Draws one run on both step axes, with its windows between them.
 * The arguments are the run's events of these types, in order.
 */
export function twoAxesSvg(microBatches, accumulatedBatches, discardedWindows) {
  const lastMicroStep = microBatches.at(-1).microStep;
  const losses = [...microBatches, ...accumulatedBatches].map(({ loss }) => loss);
  const span = { min: Math.min(...losses), max: Math.max(...losses) };
  const xOfStep = (step) => scale(step, 0, accumulatedBatches.length - 1, LEFT + 40, RIGHT - 40);
  // A micro-batch takes the space from its number - 0.5 to + 0.5, a window that of its micro-batches.
  const xOfMicro = (microStep) => scale(microStep, 0.5, lastMicroStep + 0.5, LEFT, RIGHT);

  const top = accumulatedBatches.map(({ step, loss }) => [xOfStep(step - 1), yOf(loss, span, TOP_PANEL)]);
  const bottom = accumulatedBatches.map(({ microStep, loss }) => [xOfMicro(microStep), yOf(loss, span, BOTTOM_PANEL)]);
  const micro = microBatches.map(({ microStep, loss }) => [xOfMicro(microStep), yOf(loss, span, BOTTOM_PANEL)]);
  const windows = accumulatedBatches.map((batch) => ({
    from: xOfMicro(batch.microBatches[0].microStep - 0.5),
    to: xOfMicro(batch.microStep + 0.5),
    samples: batch.windowSamples,
    rowX: xOfStep(batch.step - 1),
  }));

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="t d">
<title id="t">One run on two step axes</title>
<desc id="d">The loss of ${accumulatedBatches.length} optimizer steps as W&amp;B shows it, above, and at the last of each window's micro-batches as TensorBoard shows it, below, over ${lastMicroStep} micro-batches.</desc>
<style>${STYLE}
</style>
${windows.map(drawWindow).join('\n')}
${text(LEFT, 24, `Weights & Biases: one row for each optimizer step (0 to ${accumulatedBatches.length - 1})`, 'title')}
${panel(TOP_PANEL, span)}
${ticks(
  accumulatedBatches.map(({ step }) => [xOfStep(step - 1), step - 1]),
  TOP_PANEL.bottom,
)}
${curve(top)}
${text(LEFT, 236, `TensorBoard: the micro-batch step (1 to ${lastMicroStep}), the same losses`, 'title')}
${panel(BOTTOM_PANEL, span)}
${ticks(
  microBatches.filter(({ microStep }) => microStep % 4 === 0).map(({ microStep }) => [xOfMicro(microStep), microStep]),
  BOTTOM_PANEL.bottom,
)}
${micro.map(([x, y]) => `<circle class="micro" cx="${x}" cy="${y}" r="2.5"/>`).join('')}
${curve(bottom)}
${text(RIGHT, 24, 'train/loss', 'key-loss', 'end')}
${text(RIGHT - 70, 236, 'train/micro_loss', 'key-micro', 'end')}
${text(RIGHT, 236, 'train/loss', 'key-loss', 'end')}
${discardedWindows.length > 0 ? text(RIGHT, BOTTOM_PANEL.top - 6, 'discarded', '', 'end') : ''}
${text(LEFT, HEIGHT - 14, 'Bands are windows: the micro-batches of one optimizer step, which the schedule grows. Above each, its samples.')}
</svg>
`;
}

function drawWindow({ from, to, samples, rowX }, index) {
  const label = to - from > 24 ? text(round((from + to) / 2), BOTTOM_PANEL.top - 6, String(samples), '', 'middle') : '';
  const { top, bottom } = BOTTOM_PANEL;
  const odd = index % 2 === 1 ? ' class="odd"' : '';
  return `<g${odd}><polygon class="link" points="${rowX - 6},${TOP_PANEL.bottom} ${rowX + 6},${TOP_PANEL.bottom} ${to},${top} ${from},${top}"/><rect class="band" x="${from}" y="${top}" width="${round(to - from)}" height="${bottom - top}"/></g>${label}`;
}

function panel({ top, bottom }, { min, max }) {
  return `<path class="axis" d="M${LEFT} ${top}V${bottom}H${RIGHT}" fill="none"/>${text(LEFT - 8, top + 10, max.toFixed(1), '', 'end')}${text(LEFT - 8, bottom, min.toFixed(1), '', 'end')}`;
}

function ticks(labelled, y) {
  return labelled.map(([x, label]) => text(x, y + 16, String(label), '', 'middle')).join('');
}

function curve(points) {
  const dots = points.map(([x, y]) => `<circle class="dot" cx="${x}" cy="${y}" r="4"/>`).join('');
  return `<polyline class="loss" points="${points.map((point) => point.join(',')).join(' ')}"/>${dots}`;
}

function text(x, y, content, className = '', anchor = 'start') {
  const attributes = `${className && ` class="${className}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${x}" y="${y}"${attributes}>${content.replaceAll('&', '&amp;')}</text>`;
}

function yOf(loss, { min, max }, { top, bottom }) {
  return scale(loss, max, min, top + 6, bottom - 6);
}

function scale(value, fromMin, fromMax, toMin, toMax) {
  return round(toMin + ((value - fromMin) / (fromMax - fromMin)) * (toMax - toMin));
}

function round(value) {
  return Math.round(value * 10) / 10;
}
