import { join } from 'node:path';
import { SummaryWriter } from 'tensorboard-writer';

export const STEPS = 40;
export const LEARNING_RATES: Readonly<Record<string, number>> = { slow: 0.001, fast: 0.01 };
/** Pixels along each side of the picture. */
export const SIDE = 32;

/** Deterministic numbers that look normally distributed, in steps of their own. */
function spread(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => {
    const sum = [1, 2, 3, 4].reduce((total, k) => total + Math.sin(index * 12.9898 * k + seed * 78.233), 0);
    return sum / 4 + seed / 10;
  });
}

/** The loss of a run at a step. */
export function lossAt(learningRate: number, step: number): number {
  return Math.exp(-step * (learningRate * 10 + 0.05));
}

/** A picture that changes from step to step. */
function picture(step: number): { shape: number[]; data: Uint8Array } {
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, index) => {
    const [pixel, channel] = [Math.floor(index / 3), index % 3];
    const [x, y] = [pixel % SIDE, Math.floor(pixel / SIDE)];
    return [8 * x, 8 * y, (step * 60) % 256][channel]!;
  });
  return { shape: [SIDE, SIDE, 3], data };
}

/** Two runs with what a training shows of itself: curves, distributions, pictures, text, hyper-parameters, PR curves. */
export function writeDemoRuns(logDir: string): void {
  for (const [name, learningRate] of Object.entries(LEARNING_RATES)) {
    const writer = new SummaryWriter(join(logDir, name));
    for (let step = 0; step < STEPS; step++) {
      writer.addScalar('loss', lossAt(learningRate, step), step);
      if (step % 4 === 0) writer.addHistogram('weights', spread(1000, step / 4), step);
    }
    for (const step of [0, 10, 20]) writer.addImage('picture', picture(step), step);
    writer.addText('notes', `# Run ${name}\n\nLearning rate **${learningRate}**\n\n- one\n- two`, 0);
    const labels = Array.from({ length: 200 }, (_, index) => index % 2);
    const predictions = labels.map((label, index) =>
      Math.min(1, Math.max(0, 0.25 + label / 2 + Math.sin(index) / (2 + learningRate * 200))),
    );
    for (const step of [0, 10]) writer.addPrCurve('detected', labels, predictions, step);
    writer.addHParams({ learningRate, optimizer: 'adam' }, { accuracy: learningRate * 50 });
    writer.close();
  }
}
