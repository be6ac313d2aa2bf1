// How soon a page shows what was just written, and how it moves over a million points:
// `npm run build && node bench/view-live.mjs [--quick]`. Chromium and Linux are needed.
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { SummaryWriter } from 'tensorboard-writer';
import { findChromium } from '../scripts/bootstrap/chromium.mjs';
import { inNewFolder } from './loggers.mjs';
import { report } from './rows.mjs';
import { median, summarize } from './statistics.mjs';
import { startView } from './view-servers.mjs';

const quick = process.argv.includes('--quick');
const VALUES = quick ? 5 : 40;
const ZOOMS = quick ? 3 : 15;
const POINTS = 1_000_000;
const MOVES = quick ? 100 : 400;

const milliseconds = (value) => `${value.toFixed(0)} ms`;

/** Writes values one after the other, each once the one before is on the page: ms from each call to its point. */
async function delays(page, writer) {
  const found = [];
  for (let step = 2; step <= VALUES + 1; step += 1) {
    const began = performance.now();
    writer.addScalar('live', step, step);
    writer.flush();
    await page.waitForFunction((last) => globalThis.microbatch.curves('live')?.[0]?.xs.at(-1) === last, step, {
      polling: 5,
    });
    found.push(performance.now() - began);
    // Each at another moment of the server's rounds.
    await new Promise((resolve) => setTimeout(resolve, (step * 137) % 700));
  }
  return found;
}

/** Moves the pointer over the chart of a million points: ms from frame to frame. */
async function frames(page) {
  const box = await page.locator('article[data-tag="train/loss"] .u-over').boundingBox();
  await page.evaluate(() => {
    globalThis.frameTimes = [];
    let last = performance.now();
    globalThis.requestAnimationFrame(function note(now) {
      globalThis.frameTimes.push(now - last);
      last = now;
      globalThis.requestAnimationFrame(note);
    });
  });
  for (let move = 0; move < MOVES; move += 1) {
    const x = box.x + ((move * 3) % box.width);
    await page.mouse.move(x, box.y + box.height / 2 + (move % 20));
  }
  return page.evaluate(() => globalThis.frameTimes.slice(2));
}

/** Zooms by the keyboard: ms from the key to the finer curve. */
async function zooms(page) {
  const chart = page.locator('article[data-tag="train/loss"] [role=slider]');
  const until = (isIt, argument) => page.waitForFunction(isIt, argument, { polling: 5 });
  await page.evaluate(() => {
    globalThis.pointsInRange = () => Math.max(...globalThis.microbatch.curves('train/loss').map(({ total }) => total));
  });
  const found = [];
  for (let zoom = 0; zoom < ZOOMS; zoom += 1) {
    if (zoom % 5 === 0) {
      await chart.press('0');
      await until((points) => globalThis.pointsInRange() === points, POINTS);
    }
    const before = await page.evaluate(() => globalThis.pointsInRange());
    const began = performance.now();
    await chart.press('+');
    await until((last) => globalThis.pointsInRange() < last, before);
    found.push(performance.now() - began);
  }
  return found;
}

const rows = await inNewFolder(async (dir) => {
  const large = new SummaryWriter(join(dir, 'large'));
  for (let step = 1; step <= POINTS; step += 1)
    large.addScalar('train/loss', 2 / Math.sqrt(step) + Math.random() / 5, step);
  large.close();
  const writer = new SummaryWriter(join(dir, 'small'));
  writer.addScalar('live', 1, 1);
  writer.flush();
  const server = await startView(dir);
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(server.url);
    await page.waitForFunction(
      (points) =>
        globalThis.microbatch?.curves('train/loss')?.some(({ total }) => total === points) &&
        globalThis.microbatch.curves('live')?.[0]?.sent > 0,
      POINTS,
    );
    const live = await delays(page, writer);
    const paces = (await frames(page)).toSorted((a, b) => a - b);
    const zoomed = await zooms(page);
    const late = paces[Math.floor(paces.length * 0.99)];
    return [
      {
        what: `From a value's writing to its point on the page, ${VALUES} values, beside a million other points`,
        ...summarize(live, milliseconds),
      },
      {
        what: 'The longest of them',
        median: milliseconds(Math.max(...live)),
        target: '≤ 2,000 ms',
        met: Math.max(...live) <= 2000,
      },
      {
        what: 'From frame to frame, while the pointer moves over a million points',
        median: milliseconds(median(paces)),
      },
      { what: 'The 99th percentile of them', median: milliseconds(late), target: '≤ 50 ms', met: late <= 50 },
      { what: 'From a zoom into a million points to the finer curve', ...summarize(zoomed, milliseconds) },
    ];
  } finally {
    await browser.close();
    await server.stop();
    writer.close();
  }
});
report(rows);
