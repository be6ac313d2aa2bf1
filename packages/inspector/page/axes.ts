import type { Axis } from '../src/view/protocol.js';

/** What the axes are called, and what they count. */
export const AXIS_NAMES: Readonly<Record<Axis, { readonly name: string; readonly label: string }>> = {
  microStep: { name: 'Micro-batch', label: 'micro-batch' },
  step: { name: 'Optimizer step', label: 'optimizer step' },
  samples: { name: 'Samples', label: 'samples trained' },
  epoch: { name: 'Epoch', label: 'epoch' },
  elapsed: { name: 'Time', label: 'time since the start' },
  time: { name: 'Clock', label: 'clock time' },
  logged: { name: 'As logged', label: 'step as logged' },
};

/** The axis that charts begin with: micro-batches where most runs know them. */
export function firstAxis(runs: readonly { readonly axes: readonly Axis[] }[]): Axis {
  const knowing = runs.filter(({ axes }) => axes.includes('microStep')).length;
  return knowing > 0 && 2 * knowing >= runs.length ? 'microStep' : 'logged';
}
