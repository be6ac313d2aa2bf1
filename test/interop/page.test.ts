import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainEvent } from '@microbatch/core';
import { readJournal } from '@microbatch/logger-journal';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/bootstrap/root.mjs';
import { launchBrowser } from './browser.js';
import { run, type Server } from './programs.js';
import { serveTensorboard } from './serve-tensorboard.js';

const SCREENSHOT = join(root, '.cache/tensorboard-page.png');

let out: string;
let proof: string;
let events: TrainEvent[];
let server: Server | undefined;
let browser: Browser | undefined;

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'interop-page-'));
  const program = join(root, 'examples/dist/mnist/main.js');
  const args = [program, '--epochs', '1', '--samples', '1600', '--out', out];
  const { exitCode, stdout, stderr } = await run(process.execPath, args, { cwd: root });
  expect(exitCode, stderr).toBe(0);
  proof = stdout;
  const [folder] = readdirSync(out);
  const journal = readdirSync(join(out, folder!)).find((name) => name.endsWith('.jsonl'))!;
  events = [];
  for await (const event of readJournal(join(out, folder!, journal))) events.push(event);

  server = await serveTensorboard(out);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(out, { recursive: true });
});

/** The table below a chart, which shows each run's last point: its only run's cells, by column. */
async function lastPoint(card: Locator): Promise<Record<string, string>> {
  const columns = await card.locator('tb-data-table-header-cell').allInnerTexts();
  const cells = await card.locator('tb-data-table-content-cell').allInnerTexts();
  return Object.fromEntries(columns.map((column, index) => [column.trim(), cells[index]?.trim() ?? '']));
}

function cardOf(page: Page, tag: string): Locator {
  return page.locator('scalar-card').filter({ has: page.getByTitle(tag, { exact: true }) });
}

test("TensorBoard's page shows the main job's two axes up to their last steps", async () => {
  const lastWindow = events.findLast((event) => event.type === 'accumulated-batch')!;
  const lastMicroBatch = events.findLast((event) => event.type === 'micro-batch')!;
  expect(lastWindow.microStep).toBeLessThan(lastMicroBatch.microStep);
  expect(proof).toMatch(new RegExp(`last TensorBoard step +${lastMicroBatch.microStep} `));
  expect(proof).toMatch(new RegExp(`optimizer steps +${lastWindow.step} `));

  const page = await browser!.newPage({ viewport: { width: 1400, height: 700 } });
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(`${server!.url}/`) && !/^(data|blob):/.test(request.url()))
      elsewhere.push(request.url());
  });
  await page.goto(`${server!.url}/?tagFilter=${encodeURIComponent('train/(micro_)?loss$')}#timeseries`);
  for (const [tag, { microStep, loss }] of [
    ['train/loss', lastWindow],
    ['train/micro_loss', lastMicroBatch],
  ] as const) {
    const shown = () => lastPoint(cardOf(page, tag));
    await expect.poll(shown, { timeout: 60_000 }).toMatchObject({ Step: String(microStep) });
    await cardOf(page, tag).locator('.series-view svg path').first().waitFor({ state: 'attached' });
    expect(Number((await shown()).Value), tag).toBeCloseTo(loss, 3);
  }
  mkdirSync(join(root, '.cache'), { recursive: true });
  await page.screenshot({ path: SCREENSHOT });
  expect(elsewhere).toEqual([]);
});
