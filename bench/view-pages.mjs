// How long it takes to see runs: `npm run build && node bench/view-pages.mjs [--quick]`. Chromium and Linux are needed.
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { SummaryWriter } from 'tensorboard-writer';
import { findChromium } from '../scripts/bootstrap/chromium.mjs';
import { inNewFolder } from './loggers.mjs';
import { report } from './rows.mjs';
import { median, medianInterval, summarize } from './statistics.mjs';
import { findTensorboard, startView } from './view-servers.mjs';

const ROUNDS = process.argv.includes('--quick') ? 1 : 7;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-3d-apis',
  '--no-first-run',
  '--disable-background-networking',
];
const WAIT = { timeout: 120_000, polling: 10 };
/** How long a page of TensorBoard's that was opened early has once its server has loaded everything. */
const AFTER_LOADING_MS = 1000;

const shapes = [
  { what: '1,000,000 points in one run', runs: 1, points: 1_000_000, limitMs: 2000 },
  { what: '100 runs of 10,000 points', runs: 100, points: 10_000, limitMs: 4000 },
];

const nameOf = (run) => `run-${String(run).padStart(3, '0')}`;

function write(dir, { runs, points }) {
  for (let run = 0; run < runs; run += 1) {
    const writer = new SummaryWriter(join(dir, nameOf(run)));
    for (let step = 1; step <= points; step += 1)
      writer.addScalar('train/loss', 2 / Math.sqrt(step) + Math.random() / 5, step);
    writer.close();
  }
}

/** Waits until our page has drawn all points of all runs. */
async function seeOurs(page, url, { runs, points }) {
  const keys = Array.from({ length: runs }, (_, key) => key).join('.');
  await page.goto(`${url}#charts?runs=${keys}`);
  await page.waitForFunction(
    ([wanted, each]) => {
      const curves = globalThis.microbatch?.curves('train/loss') ?? [];
      return curves.filter(({ total }) => total === each).length === wanted;
    },
    [runs, points],
    WAIT,
  );
  await painted(page);
}

/**
 * Waits until TensorBoard's page has drawn a curve for each run up to its last point; it thins them out. What is not loaded
 * when the page is opened stays away until it is opened again: that is done once, at the best moment.
 */
async function seeTheirs(page, url, shape) {
  await page.goto(`${url}#timeseries`);
  const isWhole = (timeout) =>
    page.waitForFunction(
      ([wanted, last]) => {
        const card = document.querySelector('scalar-card');
        const table = card?.querySelector('tb-data-table')?.textContent.replaceAll(',', '') ?? '';
        return table.includes(String(last)) && card.querySelectorAll('.series-view svg path').length >= wanted;
      },
      [shape.runs, shape.points],
      { ...WAIT, timeout },
    );
  const atOnce = isWhole(WAIT.timeout).catch(() => {});
  const loaded = hasLoaded(url, shape);
  const first = await Promise.race([atOnce.then(() => 'drawn'), loaded.then(() => 'loaded')]);
  if (first === 'loaded') {
    const isDrawn = await isWhole(AFTER_LOADING_MS).then(
      () => true,
      () => false,
    );
    if (!isDrawn) {
      await page.reload();
      await isWhole(WAIT.timeout);
    }
  }
  await painted(page);
}

/** Asks TensorBoard's server for the last points until it has them all. */
async function hasLoaded(url, { runs, points }) {
  for (let run = 0; run < runs; ) {
    const asked = `${url}data/plugin/scalars/scalars?tag=train%2Floss&run=${nameOf(run)}`;
    const values = await fetch(asked).then((answer) => (answer.ok ? answer.json() : []));
    if (values.at(-1)?.[1] === points) run += 1;
    else await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function painted(page) {
  return page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Opens a server's page twice: as soon as it has printed its address, and when everything is loaded. */
async function look(browser, start, see, dir, shape) {
  const server = await start(dir);
  try {
    const times = [];
    for (let visit = 0; visit < 2; visit += 1) {
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      const opened = performance.now();
      await see(page, server.url, shape);
      times.push(performance.now() - opened);
      await page.close();
    }
    return {
      openMs: times[0],
      programMs: server.printedAt - server.startedAt + times[0],
      againMs: times[1],
      memory: server.memory(),
    };
  } finally {
    await server.stop();
  }
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const mebibytes = (value) => `${value.toFixed(0)} MiB`;

function rowsOf({ what, limitMs }, ours, theirs) {
  const values = (visits, name) => visits.map((visit) => visit[name]);
  const compared = (name, text) => {
    const rows = [{ what: `${what}: ${text}`, ...summarize(values(ours, name), seconds) }];
    if (theirs.length === 0) return rows;
    const ratio = median(values(theirs, name)) / median(values(ours, name));
    rows[0] = { ...rows[0], ratio: ratio.toFixed(1), target: '> 1', met: ratio > 1 };
    return [...rows, { what: 'TensorBoard, the same', ...summarize(values(theirs, name), seconds), ratio: '1' }];
  };
  const [, slowest] = medianInterval(values(ours, 'openMs'));
  return [
    {
      what: `${what}: from opening the page to all curves, the program just started`,
      ...summarize(values(ours, 'openMs'), seconds),
      target: `≤ ${seconds(limitMs)}`,
      met: slowest <= limitMs,
    },
    ...compared('programMs', 'from starting the program to all curves'),
    ...compared('againMs', 'from opening the page to all curves, everything loaded'),
    {
      what: `${what}: memory of the server at most`,
      ...summarize(values(ours, 'memory'), mebibytes),
      target: '≤ 500 MiB',
      met: Math.max(...values(ours, 'memory')) <= 500,
    },
    ...(theirs.length === 0
      ? []
      : [{ what: 'TensorBoard, the same', ...summarize(values(theirs, 'memory'), mebibytes) }]),
  ];
}

const tensorboard = await findTensorboard();
const browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS });
const rows = [];
for (const shape of shapes) {
  await inNewFolder(async (dir) => {
    write(dir, shape);
    const [ours, theirs] = [[], []];
    // The first round warms up the disk's cache and the browser.
    for (let round = -1; round < ROUNDS; round += 1) {
      const visit = await look(browser, startView, seeOurs, dir, shape);
      const other =
        tensorboard.skipped === undefined ? await look(browser, tensorboard.start, seeTheirs, dir, shape) : undefined;
      if (round < 0) continue;
      ours.push(visit);
      if (other !== undefined) theirs.push(other);
    }
    rows.push(...rowsOf(shape, ours, theirs));
  });
}
await browser.close();
if (tensorboard.skipped !== undefined) rows.push({ what: 'TensorBoard', median: tensorboard.skipped });
report(rows);
