import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/bootstrap/root.mjs';
import { launchBrowser } from './browser.js';
import { LEARNING_RATES, lossAt, SIDE, STEPS, writeDemoRuns } from './demo-run.js';
import type { Server } from './programs.js';
import { serveTensorboard } from './serve-tensorboard.js';

const SCREENSHOTS = join(root, '.cache');
const RUNS = Object.keys(LEARNING_RATES);

let logDir: string;
let server: Server | undefined;
let browser: Browser | undefined;

beforeAll(async () => {
  logDir = mkdtempSync(join(tmpdir(), 'interop-pages-'));
  writeDemoRuns(logDir);
  mkdirSync(SCREENSHOTS, { recursive: true });
  server = await serveTensorboard(logDir);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(logDir, { recursive: true });
});

/** Opens a page of TensorBoard's, looks at it, and keeps a picture of it. */
async function look(plugin: string, check: (page: Page) => Promise<void>, query = ''): Promise<void> {
  const page = await browser!.newPage({ viewport: { width: 1400, height: 900 } });
  try {
    await page.goto(`${server!.url}/${query}#${plugin}`);
    await check(page);
  } finally {
    await page.screenshot({ path: join(SCREENSHOTS, `tensorboard-${plugin}.png`) });
    await page.close();
  }
}

// The server loads while the page is open already.
const settled = { timeout: 60_000 };

test('the time series page shows the last point of each curve', () =>
  look(
    'timeseries',
    async (page) => {
      const card = page.locator('scalar-card').filter({ has: page.getByTitle('loss', { exact: true }) });
      const points = async () => {
        const columns = (await card.locator('tb-data-table-header-cell').allInnerTexts()).map((text) => text.trim());
        const cells = (await card.locator('tb-data-table-content-cell').allInnerTexts()).map((text) => text.trim());
        const cell = (row: number, column: string) => cells[row * columns.length + columns.indexOf(column)];
        return Object.fromEntries(
          RUNS.map((_, row) => [cell(row, 'Run'), [cell(row, 'Step'), Number(cell(row, 'Value')).toFixed(3)]]),
        );
      };
      const expected = Object.entries(LEARNING_RATES).map(([name, rate]) => [
        name,
        [String(STEPS - 1), lossAt(rate, STEPS - 1).toFixed(3)],
      ]);
      await expect.poll(points, settled).toEqual(Object.fromEntries(expected));
      await expect
        .poll(() => card.locator('.series-view svg path').count(), settled)
        .toBeGreaterThanOrEqual(RUNS.length);
    },
    '?tagFilter=loss',
  ));

test('the scalars page draws a curve of each run', () =>
  look('scalars', async (page) => {
    const card = page.locator('tf-scalar-card').filter({ hasText: 'tag: loss' });
    const curves = () =>
      card.locator('svg path').evaluateAll((paths) => paths.filter((path) => path.getAttribute('d')).length);
    await expect.poll(curves, settled).toBeGreaterThanOrEqual(RUNS.length);
  }));

test('the images page shows the last picture of each run', () =>
  look('images', async (page) => {
    const loaders = page.locator('tf-image-loader');
    const sizes = () =>
      loaders.locator('img').evaluateAll((images) =>
        images.map((image) => {
          const { naturalWidth, naturalHeight } = image as HTMLImageElement;
          return [naturalWidth, naturalHeight];
        }),
      );
    await expect.poll(sizes, settled).toEqual(RUNS.map(() => [SIDE, SIDE]));
    const shown = loaders.filter({ hasText: 'tag: picture' }).filter({ hasText: 'step 20' });
    expect(await shown.count()).toBe(RUNS.length);
  }));

test('the histograms page draws each histogram of each run', () =>
  look('histograms', async (page) => {
    const loaders = page.locator('tf-histogram-loader').filter({ hasText: 'tag: weights' });
    await expect.poll(() => loaders.count(), settled).toBe(RUNS.length);
    for (const loader of await loaders.all()) {
      const ridges = () =>
        loader.locator('.histogram path').evaluateAll((paths) => paths.map((path) => path.getAttribute('d')));
      await expect.poll(async () => (await ridges()).length, settled).toBeGreaterThanOrEqual(STEPS / 4);
      for (const shape of await ridges()) expect(shape).not.toMatch(/NaN/);
    }
  }));

test('the hparams page shows a row of each run', () =>
  look('hparams', async (page) => {
    const cells = () => page.locator('tf-hparams-table-view vaadin-grid-cell-content:visible').allInnerTexts();
    const texts = async () =>
      (await cells()).map((text) => text.trim().replace(/\s+/g, ' ')).filter((text) => text !== '');
    const expected = [
      ...['Trial ID', 'Show Metrics', 'learningRate', 'optimizer', 'accuracy'],
      ...['fast', '0.010000', 'adam', '0.50000'],
      ...['slow', '0.0010000', 'adam', '0.050000'],
    ];
    await expect.poll(async () => (await texts()).sort(), settled).toEqual(expected.sort());
  }));

test('the text page shows Markdown', () =>
  look('text', async (page) => {
    const headings = page.locator('tf-text-loader h1');
    await expect.poll(async () => (await headings.allInnerTexts()).sort(), settled).toEqual(['Run fast', 'Run slow']);
    const rates = page.locator('tf-text-loader strong');
    expect((await rates.allInnerTexts()).sort()).toEqual(Object.values(LEARNING_RATES).map(String).sort());
    expect(await page.locator('tf-text-loader li').allInnerTexts()).toEqual(['one', 'two', 'one', 'two']);
  }));

test('the PR curves page draws a curve of each run', () =>
  look('pr_curves', async (page) => {
    const card = page.locator('tf-pr-curve-card').filter({ hasText: 'tag: detected' });
    for (const name of RUNS) await card.filter({ hasText: `${name} is at step 10` }).waitFor(settled);
    const curves = () =>
      card.locator('svg path').evaluateAll((paths) => paths.filter((path) => path.getAttribute('d')).length);
    await expect.poll(curves, settled).toBeGreaterThanOrEqual(RUNS.length);
  }));
