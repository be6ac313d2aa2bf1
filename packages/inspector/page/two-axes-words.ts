import type { RunAnswer, RunDetailsAnswer, WindowAnswer } from '../src/view/protocol.js';
import { h } from './dom.js';
import { count, numberOf, plural, short } from './format.js';
import { sourceName } from './run-list.js';
import { recordedAccumulated, type TwoAxes } from './two-axes-data.js';

/** The last micro-batch of a run so far. */
export function lastMicroStep(run: RunAnswer): number {
  return Math.max(1, run.last.microStep ?? run.last.logged ?? 1);
}

/** Why a run can't be shown. */
export function emptyText(run: RunAnswer | undefined): string {
  if (run === undefined) return 'No run is there yet.';
  return `${run.name} has no micro-batch clock: only what microbatch logged can be seen on both axes.`;
}

/** What the colours of the picture mean. */
export function legend(): HTMLElement {
  const entry = (kind: string, text: string) =>
    h('li', {}, h('span', { className: `key ${kind}`, attrs: { 'aria-hidden': true } }), text);
  return h(
    'ul',
    { className: 'legend' },
    entry('loss', 'loss of an optimizer step'),
    entry('micro', 'loss of a micro-batch'),
    entry('band', 'window of one step, its samples above'),
    entry('given-up', 'window that was given up'),
  );
}

/** What the picture shows, in words. */
export function sentenceOf(
  run: RunAnswer,
  { windows, isOwn }: TwoAxes,
  isAccumulated: boolean,
): (HTMLElement | string)[] {
  const micro = lastMicroStep(run);
  const steps = run.last.step ?? windows.lastStep;
  const strong = (text: string) => h('strong', {}, text);
  const made = strong(`${plural(micro, 'micro-batch', 'micro-batches')} made ${plural(steps, 'optimizer step')}.`);
  const option = h('code', {}, `log_accum_batch = ${isAccumulated}`);
  const rows = isAccumulated
    ? ` W&B gets one row for each step, 0 to ${count(Math.max(0, steps - 1))}, while TensorBoard keeps the micro-batch as its x, 1 to ${count(micro)}. Both show the loss that the step really used: the mean over its window.`
    : ` W&B gets one row for each micro-batch, 0 to ${count(micro - 1)}, as TensorBoard does. The loss is the micro-batch's own, not the step's.`;
  const isLogged = isAccumulated === recordedAccumulated(run);
  const origin = isLogged
    ? isOwn.wandb && isOwn.tensorboard
      ? ' Drawn from the files of each.'
      : ''
    : ' This run was logged the other way: so it would look.';
  return [made, ' With ', option, rows, origin];
}

/** A window in words. */
export function windowText(window: WindowAnswer, isAccumulated: boolean): string {
  const { step, firstMicroStep: first, lastMicroStep: last, discarded } = window;
  const [samples, target, loss] = [window.samples, window.target, window.loss].map(numberOf) as [
    number,
    number,
    number,
  ];
  const batches =
    first === last
      ? `micro-batch ${count(first)}`
      : `${count(last - first + 1)} micro-batches, ${count(first)} to ${count(last)}`;
  const size = Number.isFinite(samples)
    ? `, ${count(samples)} samples${Number.isFinite(target) && target !== samples ? ` (target ${count(target)})` : ''}`
    : '';
  if (discarded !== undefined) return `Given up (${discarded}): ${batches}${size}. They made no step.`;
  const value = Number.isNaN(loss) ? '' : `, loss ${short(loss)}`;
  const row = isAccumulated
    ? `W&B row ${count(step - 1)}, TensorBoard x ${count(last)}`
    : `W&B rows ${count(first - 1)} to ${count(last - 1)}`;
  return `Optimizer step ${count(step)}: ${batches}${size}${value}. ${row}.`;
}

/** A source, and how its losses compare with the best one's. */
export function sourceLine(source: RunDetailsAnswer['sources'][number], best: string): HTMLElement {
  const { kind, points, loss, paths } = source;
  const told =
    loss === undefined
      ? ''
      : loss.differing === 0
        ? ` · all ${count(loss.compared)} losses as in the ${best}`
        : ` · ${plural(loss.differing, 'loss', 'losses')} other than in the ${best}`;
  return h(
    'p',
    { className: loss !== undefined && loss.differing > 0 ? 'bad' : '' },
    h('strong', {}, sourceName(kind)),
    ` ${paths.join(', ')} · ${plural(points, 'point')}${told}`,
  );
}
