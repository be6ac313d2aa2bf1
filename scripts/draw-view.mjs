// node scripts/draw-view.mjs: trains digit classifiers for a moment and keeps docs/view-….png: how `microbatch view` shows
// them. Build first; Chromium is needed.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startView } from '../bench/view-servers.mjs';
import { findChromium, requireChromium } from './bootstrap/chromium.mjs';
import { root } from './bootstrap/root.mjs';
import { digitsRun } from './view/digits-run.mjs';

const RUNS = [
  { samples: 12_000, seed: 1, learningRate: 0.003, finalAccumBatchSize: 256 },
  { samples: 12_000, seed: 2, learningRate: 0.01, finalAccumBatchSize: 512 },
  { samples: 12_000, seed: 3, learningRate: 0.001, finalAccumBatchSize: 128 },
  { samples: 1984, seed: 4, learningRate: 0.003, finalAccumBatchSize: 160 },
];
/** The last of them: short enough that one picture holds all of its windows. */
const SHORT = 'digits lr 0.003 to 160';
const FULL = 'digits lr 0.003 to 256';

const still = { animations: 'disabled' };

/** What each picture shows, and how the page gets there. */
const PICTURES = [
  {
    name: 'charts',
    hash: 'charts?smooth=0.6',
    async prepare(page) {
      const frame = page.locator('article[data-tag="train/loss"] .u-over');
      await frame.hover({ position: { x: 170, y: 60 } });
    },
  },
  {
    name: 'two-axes',
    hash: 'axes',
    async prepare(page) {
      await choose(page, SHORT);
      await page.locator('.scene').press('End');
      for (let back = 0; back < 4; back += 1) await page.locator('.scene').press('ArrowLeft');
    },
  },
  {
    name: 'two-axes-false',
    hash: 'axes',
    async prepare(page) {
      await choose(page, SHORT);
      await page.locator('.segments label').filter({ hasText: 'false' }).click();
      await page.locator('.sentence', { hasText: 'one row for each micro-batch' }).waitFor();
    },
  },
  {
    name: 'media',
    height: 860,
    hash: 'media',
    async prepare(page) {
      await choose(page, FULL);
      await page.getByLabel('Filter media').fill('^weights.*kernel|^test');
      // Once all of the run is read.
      await page.locator('article.histogram', { hasText: '29 of 29' }).nth(1).waitFor();
      await page.locator('figure img').waitFor();
    },
  },
  { name: 'runs', hash: 'runs', height: 420, prepare: (page) => page.locator('.runs-table tbody tr').nth(3).waitFor() },
  {
    name: 'details-dark',
    hash: 'details',
    colorScheme: 'dark',
    prepare: (page) => choose(page, FULL),
  },
  {
    name: 'charts-dark',
    hash: 'charts?x=step&smooth=0.6&tags=accum_batch|noise_scale|grad_norm|samples_per|valid',
    colorScheme: 'dark',
    async prepare() {},
  },
];

async function choose(page, name) {
  await page.locator('main > section:not([hidden]) select').selectOption({ label: name });
  await page.locator('main > section:not([hidden])', { hasText: name }).waitFor();
}

if (requireChromium() !== 0) process.exit(1);
const folder = mkdtempSync(join(tmpdir(), 'microbatch-view-'));
const runs = join(folder, 'runs');
try {
  for (const run of RUNS) {
    const dir = join(runs, `digits-${run.seed}`);
    mkdirSync(dir, { recursive: true });
    await digitsRun(dir, run);
  }
  const server = await startView(runs);
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
  for (const { name, hash, prepare, height = 800, colorScheme = 'light' } of PICTURES) {
    const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme, timezoneId: 'UTC' });
    await page.goto(`${server.url}#${hash}`);
    await page.locator('.status.live').waitFor({ timeout: 120_000 });
    await prepare(page);
    await page.waitForLoadState('networkidle').catch(() => {});
    await page.waitForFunction(() => [...document.querySelectorAll('article canvas')].every(({ width }) => width > 0));
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(root, `docs/view-${name}.png`), ...still });
    await page.close();
  }
  await browser.close();
  await server.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
