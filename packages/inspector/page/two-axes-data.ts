import type { RunAnswer, SourceKind, WindowsAnswer } from '../src/view/protocol.js';
import { fetchSeries, fetchWindows } from './api.js';
import type { Curve } from './curves.js';

/** A part of a run, in micro-batches: from the first to the last of them. */
export interface MicroRange {
  readonly from: number;
  readonly to: number;
}

/** The same losses as two programs show them. */
export interface TwoAxes {
  readonly windows: WindowsAnswer;
  /** Each x as the program counts: W&B's rows from 0, TensorBoard's steps from 1. */
  readonly wandb: Curve | undefined;
  readonly tensorboard: Curve | undefined;
  /** The losses of micro-batches on TensorBoard's axis, where they are not its main curve. */
  readonly micro: Curve | undefined;
  /** Whether a curve is what the program's own files hold, or what the journal says that they would hold. */
  readonly isOwn: { readonly wandb: boolean; readonly tensorboard: boolean };
}

/** More of them are no longer told apart. */
export const MOST_WINDOWS = 240;

const LOSS = 'train/loss';
const MICRO_LOSS = 'train/micro_loss';
const ACCUMULATED_LOSS = 'train/accumulated_loss';

/** Which of the two a run recorded. */
export function recordedAccumulated(run: RunAnswer): boolean {
  return run.logAccumBatch ?? true;
}

/** Loads a part of a run as W&B and TensorBoard show it where `isAccumulated` is what is recorded. */
export async function loadTwoAxes(
  run: RunAnswer,
  tags: readonly string[],
  isAccumulated: boolean,
  range: MicroRange,
  pixels: number,
  signal: AbortSignal,
): Promise<TwoAxes> {
  const windows = await fetchWindows(run.key, { ...range, most: MOST_WINDOWS }, signal);
  const isLogged = isAccumulated === recordedAccumulated(run);
  const has = (kind: SourceKind) => isLogged && run.sources.includes(kind);

  async function curve(tag: string, axis: string, from: number, to: number, source?: SourceKind) {
    const number = tags.indexOf(tag);
    if (number < 0 || !run.tags.includes(number)) return undefined;
    const asked = { runs: [run.key], tag: number, axis, from, to, pixels, ...(source === undefined ? {} : { source }) };
    const { axis: drawn, curves } = await fetchSeries(asked, signal);
    const found = drawn === axis ? curves[0] : undefined;
    return found?.status === 'drawn' && found.sent > 0 ? found : undefined;
  }

  // The journal holds both losses, under the names that what it recorded gives them.
  const [ofSteps, ofMicro] = recordedAccumulated(run) ? [LOSS, MICRO_LOSS] : [ACCUMULATED_LOSS, LOSS];
  const steps = windows.ends === undefined ? [0, 0] : [windows.ends[0].step, windows.ends[1].step];
  const rows = isAccumulated ? [steps[0]! - 1, steps[1]! - 1] : [range.from - 1, range.to - 1];
  const [ownWandb, ownTensorboard, micro] = await Promise.all([
    has('wandb') ? curve(LOSS, 'logged', rows[0]!, rows[1]!, 'wandb') : undefined,
    has('tensorboard') ? curve(LOSS, 'microStep', range.from, range.to, 'tensorboard') : undefined,
    isAccumulated ? curve(ofMicro, 'microStep', range.from, range.to) : undefined,
  ]);
  const wandb =
    ownWandb ??
    minusOne(
      isAccumulated
        ? await curve(ofSteps, 'step', rows[0]! + 1, rows[1]! + 1)
        : await curve(ofMicro, 'microStep', range.from, range.to),
    );
  const tensorboard =
    ownTensorboard ?? (await curve(isAccumulated ? ofSteps : ofMicro, 'microStep', range.from, range.to));
  const isOwn = { wandb: ownWandb !== undefined, tensorboard: ownTensorboard !== undefined };
  return { windows, wandb, tensorboard, micro, isOwn };
}

/** W&B counts rows from 0, where steps begin at 1. */
function minusOne(curve: Curve | undefined): Curve | undefined {
  return curve && { ...curve, xs: curve.xs.map((x) => x - 1) };
}

/** The part that is shown first: all of it, or its beginning where there are too many windows to be told apart. */
export function firstRange(run: RunAnswer, windows: number): MicroRange {
  const last = Math.max(1, run.last.microStep ?? run.last.logged ?? 1);
  if (windows <= MOST_WINDOWS / 2) return { from: 1, to: last };
  return { from: 1, to: Math.max(1, Math.ceil((last * MOST_WINDOWS) / 4 / windows)) };
}
