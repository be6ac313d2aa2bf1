import type { Proof, RunFiles } from './proof.js';

/** Prints what a run's files say, and how to look at them. */
export function printProof(
  proof: Proof,
  files: RunFiles,
  { logAccumBatch, out }: { logAccumBatch: boolean; out: string },
): void {
  const counted = logAccumBatch ? 'a row for each optimizer step' : 'a row for each micro-batch';
  console.log('\nRead back from the files:');
  for (const [name, value, comment] of [
    ['micro-batches', count(proof.microBatches), 'journal'],
    ['optimizer steps', count(proof.optimizerSteps), 'journal'],
    ['last W&B step', count(proof.wandbStep), `${counted}, from 0`],
    ['last TensorBoard step', count(proof.tensorboardStep), 'the micro-batch, from 1'],
    ['last train/loss', proof.loss?.toFixed(4) ?? '-', 'the same in W&B, TensorBoard and journal'],
    ['test accuracy', percent(proof.testAccuracy), '10,000 digits that training never saw'],
  ] as const) {
    console.log(`  ${name.padEnd(22)}${value.padStart(8)}   ${comment}`);
  }

  console.log('\nLook at it:');
  for (const [command, comment] of [
    [`tensorboard --logdir ${quoted(out)}`, 'pip install tensorboard'],
    [`wandb sync ${quoted(files.wandb)}`, 'pip install wandb; needs an account'],
    [`wandb leet ${quoted(files.wandb)}`, 'pip install wandb; needs none'],
    [`jq -c 'select(.type == "accumulated-batch") | [.step, .microStep, .loss]' ${quoted(files.journal)}`, ''],
  ] as const) {
    console.log(`  ${command}${comment && `   # ${comment}`}`);
  }
}

function count(value: number | undefined): string {
  return value?.toLocaleString('en-US') ?? '-';
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(share * 100).toFixed(2)} %`;
}

/** As a POSIX shell needs it. */
function quoted(path: string): string {
  return /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
