// How long it takes to see a journal of a million micro-batches: `npm run build && node bench/view-journal.mjs [--quick]`.
// Chromium and Linux are needed.
import { join } from 'node:path';
import { journal } from '@microbatch/logger-journal';
import { chromium } from 'playwright-core';
import { findChromium } from '../scripts/bootstrap/chromium.mjs';
import { inNewFolder } from './loggers.mjs';
import { recordedRun } from './recorded-run.mjs';
import { report } from './rows.mjs';
import { summarize } from './statistics.mjs';
import { startView } from './view-servers.mjs';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 1 : 5;
const MICRO_BATCHES = quick ? 100_000 : 1_000_000;

/** Opens the page of a new server: ms to the first points, ms to all of them, and the server's memory in MiB at most. */
async function look(browser, dir) {
  const server = await startView(dir);
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  try {
    const opened = performance.now();
    const until = async (points) => {
      await page.waitForFunction(
        (least) => (globalThis.microbatch?.curves('train/micro_loss')?.[0]?.total ?? 0) >= least,
        points,
        { timeout: 300_000, polling: 10 },
      );
      return performance.now() - opened;
    };
    await page.goto(server.url);
    const [first, all] = [await until(1), await until(MICRO_BATCHES)];
    return { first, all, memory: server.memory() };
  } finally {
    await page.close();
    await server.stop();
  }
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

const visits = await inNewFolder(async (dir) => {
  await recordedRun(MICRO_BATCHES, [journal({ dir: join(dir, 'run') })], { logAccumBatch: true });
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
  const found = [];
  for (let round = 0; round < ROUNDS; round += 1) found.push(await look(browser, dir));
  await browser.close();
  return found;
});
const values = (name) => visits.map((visit) => visit[name]);
const first = summarize(values('first'), seconds);
report([
  {
    what: `A journal of ${MICRO_BATCHES.toLocaleString('en-US')} micro-batches, 3 metrics: from opening the page to its first points`,
    ...first,
    target: '≤ 2.00 s',
    met: Math.max(...values('first')) <= 2000,
  },
  { what: 'To all of them: `JSON.parse` of each line takes most of it', ...summarize(values('all'), seconds) },
  {
    what: 'Memory of the server at most',
    ...summarize(values('memory'), (value) => `${value.toFixed(0)} MiB`),
    target: '≤ 500 MiB',
    met: Math.max(...values('memory')) <= 500,
  },
]);
