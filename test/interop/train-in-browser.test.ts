import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.js';
import { servePage } from './browser-page/serve-page.js';
import { type SmallTraining, trainSmall } from './browser-page/small-training.js';
import type { Server } from './programs.js';

let server: Server | undefined;
let browser: Browser | undefined;
let page: Page;
const errors: string[] = [];
beforeAll(async () => {
  tf.enableProdMode();
  setWasmPaths(join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/'));
  server = await servePage();
  browser = await launchBrowser({ webgl: true });
  page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(server.url);
  await page.waitForFunction(() => window.trainOn !== undefined);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

type AccumulatedBatch = Extract<TrainEvent, { type: 'accumulated-batch' }>;

function windowsOf({ events }: SmallTraining): AccumulatedBatch[] {
  return events.filter((event): event is AccumulatedBatch => event.type === 'accumulated-batch');
}

/** |a - b| / |b|, Euclidean. */
function difference(ours: readonly number[], theirs: readonly number[]): number {
  expect(ours).toHaveLength(theirs.length);
  return Math.hypot(...ours.map((value, at) => value - theirs[at]!)) / Math.hypot(...theirs);
}

describe.each([
  // The same arithmetic in the same order: equal to the last bit where both run the same exp and tanh. Those of another V8
  // may differ in the last bit of float32, 6e-8, which 12 steps carry on.
  { backend: 'cpu', inNode: 'cpu', tolerance: 1e-6 },
  { backend: 'wasm', inNode: 'wasm', tolerance: 1e-6 },
  // Another order of sums and another exp, each off by some 1e-7.
  { backend: 'webgl', inNode: 'cpu', tolerance: 1e-4 },
])('in a page of Chromium, on $backend', ({ backend, inNode, tolerance }) => {
  let trained: SmallTraining;
  beforeAll(async () => {
    const result = await page.evaluate((name) => window.trainOn(name), backend);
    expect(errors).toEqual([]);
    expect(result, `${backend} in Chromium`).toBeDefined();
    trained = result!;
  });

  it('trains on that backend, and leaves no tensor behind', () => {
    expect(trained).toMatchObject({ backend, tensorsLeft: 0 });
    expect(trained.events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'finished', microStep: 30, step: 12 });
  });

  it('has the losses, weights and events of the same training in Node', async () => {
    await tf.setBackend(inNode);
    const expected = await trainSmall();
    expect(expected.backend).toBe(inNode);
    const losses = (training: SmallTraining) => windowsOf(training).map(({ loss }) => loss);
    expect(losses(trained)).toHaveLength(12);
    expect(difference(losses(trained), losses(expected))).toBeLessThanOrEqual(tolerance);
    expect(difference(trained.weights, expected.weights)).toBeLessThanOrEqual(tolerance);
    const outline = ({ events }: SmallTraining) => events.map(({ type, microStep, step }) => [type, microStep, step]);
    expect(outline(trained)).toEqual(outline(expected));
  });

  it("recomputes each window's loss from its lineage", () => {
    const windows = windowsOf(trained);
    expect(windows.flatMap(({ microBatches }) => microBatches.map(({ microStep }) => microStep))).toEqual(
      Array.from({ length: 30 }, (_, at) => at + 1),
    );
    for (const { loss, normalizer, microBatches, step } of windows) {
      const recomputed = microBatches.reduce((sum, { weight, loss }) => sum + weight * loss, 0) / normalizer;
      expect(Math.abs(recomputed / loss - 1), `step ${step}`).toBeLessThanOrEqual(1e-12);
    }
  });
});
