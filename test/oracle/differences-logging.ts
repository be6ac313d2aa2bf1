import assert from 'node:assert/strict';
import { relativeError } from './comparison.js';
import { type Difference, short } from './difference.js';
import { duplicatePoints, FASTAI_ONLY } from './expected-logs.js';
import { admittedTraces, microBatchesOf, recorded, traceNamed } from './traces.js';

/** Differences in what loggers show. */
export const loggingDifferences: readonly Difference[] = [
  {
    title: 'TensorBoard gets three more points at the end of each epoch',
    trace: 'ga32_log_nodrop',
    shown() {
      const { count, differ } = duplicatePoints(traceNamed(this.trace));
      const { epochs } = traceNamed(this.trace).config;
      assert.equal(differ, false);
      const steps = traceNamed(this.trace).tb[0]!.train_loss![0];
      assert.equal(steps.filter((step) => step === 26).length, 3);
      return `fastai's callback writes \`train_loss\` in each of the 3 validation batches too: ${3 * epochs} points in ${epochs} epochs, ${count} of them at a step that has one already, all with the last training value; at step 26 no window closes at all. Ours has at most one point for a tag and step.`;
    },
    why: 'Nothing was trained there.',
  },
  {
    title: "fastxtend does not find fastai's own TensorBoard callback",
    trace: 'ga32_log_nodrop_tb_asis_seeded',
    shown() {
      const trace = traceNamed(this.trace);
      const [steps] = trace.tb[0]!.train_loss!;
      const trained = microBatchesOf(trace, 0).length;
      assert.equal(steps.length, trained + 3 * trace.config.epochs);
      assert.deepEqual([trace.weights.length, trace.config.ga?.log_accum_batch ?? true], [12, true]);
      return `It looks for the name \`tensorboard\`; the callback's is \`tensor_board\`. So \`log_accum_batch=True\` leaves TensorBoard alone: ${steps.length} points for ${trace.weights.length} steps. Compared above: the points at which a window closes; the traces marked \`named\` had the callback renamed.`;
    },
    why: '`logAccumBatch` is one property of the run, which every logger follows.',
  },
  {
    title: 'The schedule is logged with `logAccumBatch: false` too',
    trace: 'gas_8_64_micro_nodrop',
    shown() {
      const { wandb_keysets, tb, weights, config } = traceNamed(this.trace);
      assert.equal(config.ga?.kind, 'schedule');
      assert.ok(!wandb_keysets.flat().includes('accumulation_batch_size') && !('accumulation_batch_size' in tb[0]!));
      return `fastxtend logs \`accumulation_batch_size\` only where it logs accumulated batches. Ours gives it to the row of each of the ${weights.length} steps; its values are compared with the trace's \`accum_bs\`.`;
    },
    why: 'Nothing else in such a log tells how large the windows were.',
  },
  {
    title: 'What only one of the two logs',
    trace: 'every trace',
    shown() {
      const theirs = new Set(admittedTraces.flatMap(({ wandb_keysets }) => wandb_keysets.flat()));
      for (const key of FASTAI_ONLY) assert.ok(theirs.has(key), key);
      return `Left out of the comparison, by name: ${FASTAI_ONLY.map((key) => `\`${key}\``).join(', ')}. Ours adds \`trainer/micro_step\`, \`trainer/step\` and \`trainer/samples\` to W&B's rows, \`raw_loss\` and \`micro_loss\` to TensorBoard (compared with the trace's columns).`;
    },
    why: 'Any of the clocks can be the x-axis in W&B, and the loss that the step used is not only shown smoothed.',
  },
  {
    title: 'A fit is a run of its own',
    trace: 'ga32_log_nodrop_twofits',
    shown() {
      const { wandb_after_fit, wandb_history_steps } = traceNamed(this.trace);
      assert.deepEqual(
        wandb_after_fit.map(({ run_step }) => run_step),
        [12, 24],
      );
      return `fastai's second fit goes on at W&B step ${wandb_after_fit[0]!.run_step} and epoch 2 of one run (steps 0 to ${wandb_history_steps.at(-1)}), and begins TensorBoard's steps anew. Ours begins both anew; compared above after taking off the 12 steps and 2 epochs.`;
    },
    why: 'One run, one set of clocks. A run that goes on is one that is resumed from a snapshot.',
  },
  {
    title: "An epoch's training loss is a mean, not the smoothed loss",
    trace: 'f64_ga32_log_nodrop',
    shown() {
      const { epochs, micro } = traceNamed(this.trace);
      const [shown] = epochs[0]!.values;
      assert.ok(relativeError(recorded(shown), recorded(micro.smooth_loss![25])) < 1e-12);
      const ats = Array.from({ length: 26 }, (_, at) => at);
      const samples = ats.reduce((sum, at) => sum + Number(micro.bs![at]), 0);
      const mean = ats.reduce((sum, at) => sum + (Number(micro.bs![at]) / samples) * recorded(micro.raw_loss![at]), 0);
      return `fastai's recorder shows ${short(recorded(shown))} for the first epoch, its smoothed loss at the end; the mean over the epoch's samples, \`epoch-end.train.loss\`, is ${short(mean)}. No logger writes it.`;
    },
    why: 'It can be compared with the validation loss, which is such a mean.',
  },
  {
    title: "fastai's Adam is not TensorFlow.js's",
    trace: 'f64_none_bs8_adam',
    shown() {
      const { hypers } = traceNamed(this.trace);
      assert.deepEqual([hypers.wd, hypers.eps], [0.01, 1e-5]);
      return `It decays weights by ${hypers.wd} apart from the gradient and adds eps (${hypers.eps}) to the debiased root. The Adam traces are trained with an optimizer of the tests that does the same.`;
    },
    why: '`train()` steps with whichever `tf.Optimizer` it is given.',
  },
];
