import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogValues, TrainEvent } from '@microbatch/core/logger';
import { runOf, sampleRun } from '@microbatch/core/testing';
import type { Browser, Page } from 'playwright-core';
import { SummaryWriter } from 'tensorboard-writer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRun, writeRun } from '../../packages/inspector/test/write-run.js';
import { launchBrowser } from './browser.js';
import { png } from './pictures.js';
import { serveView, type ViewServer } from './view-server.js';

/** What the page says of itself. */
declare const microbatch: {
  curves(
    tag: string,
  ): readonly { readonly run: number; readonly kind: string; readonly xs: Float64Array; readonly ys: Float64Array }[];
  runs(): readonly { readonly key: number; readonly name: string }[];
};

type Of<T extends TrainEvent['type']> = Extract<TrainEvent, { type: T }>;

const VALUES: LogValues = {
  'own/number': 2.5,
  'own/text': '<b>not bold</b>',
  'own/picture': { kind: 'image', png, width: 3, height: 2, caption: 'three by two' },
  'own/weights': { kind: 'histogram', counts: [1, 4, 2], edges: [0, 1, 2, 3] },
  'own/table': { kind: 'table', columns: ['digit', 'right'], rows: [[3, 0.5]] },
};
const LONG = 'y'.repeat(10_000);
const HOSTILE_RUN = '<script>globalThis.hacked = 1</script>';
const HOSTILE_TAGS = [
  '<img src=x onerror="globalThis.hacked = 1">',
  '../../../etc/passwd',
  LONG,
  '🚀 ünï',
  '__proto__',
  'javascript:alert(1)',
];

const events = sampleRun({ id: 'first', microBatches: 180, values: VALUES });
const others = sampleRun({ id: 'second', microBatches: 90, logAccumBatch: false });

let dir: string;
let server: ViewServer | undefined;
let browser: Browser | undefined;
let page: Page;
/** What must never be: errors of the page, refused resources, requests to elsewhere. */
let troubles: string[] = [];

function only<T extends TrainEvent['type']>(type: T, from: readonly TrainEvent[] = events): Of<T>[] {
  return from.filter((event): event is Of<T> => event.type === type);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'interop-view-'));
  writeRun(join(dir, 'first'), events);
  writeRun(join(dir, 'second'), others);
  const writer = new SummaryWriter(join(dir, HOSTILE_RUN));
  for (const tag of HOSTILE_TAGS) for (let step = 1; step <= 20; step++) writer.addScalar(tag, step, step);
  writer.close();
  server = await serveView(dir);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(dir, { recursive: true });
});
beforeEach(async () => {
  troubles = [];
  page = await browser!.newPage({ viewport: { width: 1400, height: 900 } });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(server!.url)) troubles.push(`asked for ${request.url()}`);
  });
  page.on('dialog', (dialog) => troubles.push(`dialog: ${dialog.message()}`));
});
afterEach(async () => {
  await page.close();
  expect(troubles).toEqual([]);
});

async function open(view: string): Promise<void> {
  await page.goto(`${server!.url}#${view}`);
  await page.locator('.status.live').waitFor();
}

/** Chooses what a view of one run shows. */
async function chooseRun(name: string): Promise<void> {
  await page.locator('main > section:not([hidden]) select').selectOption({ label: name });
}

/** The points that a chart draws of a run, from the page's own data. */
async function drawn(tag: string, runName: string): Promise<readonly (readonly [number, number])[]> {
  return page.evaluate(
    ([tag, runName]) => {
      const run = microbatch.runs().find(({ name }) => name === runName);
      const curve = microbatch.curves(tag!)?.find(({ run: key, kind }) => key === run?.key && kind === 'raw');
      return curve === undefined ? [] : [...curve.xs].map((x, i) => [x, curve.ys[i]!] as const);
    },
    [tag, runName],
  );
}

const FIRST = 'run first';
const steps = only('accumulated-batch');

describe('charts', () => {
  test('show the numbers that were logged, and draw them', async () => {
    await open('charts');
    await expect.poll(() => drawn('train/loss', FIRST)).toEqual(steps.map(({ microStep, loss }) => [microStep, loss]));
    await expect
      .poll(() => drawn('train/micro_loss', FIRST))
      .toEqual(only('micro-batch').map(({ microStep, loss }) => [microStep, loss]));
    await expect
      .poll(() => drawn('train/loss', 'run second'))
      .toEqual(only('micro-batch', others).map(({ microStep, loss }) => [microStep, loss]));
    const card = page.locator('article[data-tag="train/loss"]');
    // The curves have colours that nothing else in the picture has.
    const coloured = () =>
      card.locator('canvas').evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
          if (Math.abs(data[i]! - data[i + 2]!) > 80 && data[i + 3]! > 200) count++;
        return count;
      });
    await expect.poll(coloured).toBeGreaterThan(300);
    await card.hover();
    await card.getByRole('button', { name: 'Values' }).click();
    const row = card.locator('tbody tr').filter({ hasText: FIRST });
    const cells = await row.locator('td').allInnerTexts();
    expect(Number(cells[0])).toBeCloseTo(steps.at(-1)!.loss, 3);
    expect(cells.slice(4)).toEqual([String(steps.length), 'journal']);
  });

  test('go from one clock to the next, by pointer and by key', async () => {
    await open('charts');
    for (const [name, x] of [
      ['Optimizer step', ({ step }) => step],
      ['Samples', ({ samples }) => samples],
      ['Epoch', ({ epoch }) => epoch],
      ['Time', ({ time }) => (time - runOf(events).startedAt) / 1000],
      ['Clock', ({ time }) => time / 1000],
      ['As logged', ({ microStep }) => microStep],
    ] as readonly (readonly [string, (event: Of<'accumulated-batch'>) => number])[]) {
      await page.locator('.segments label').filter({ hasText: name }).click();
      await expect
        .poll(() => drawn('train/loss', FIRST), { message: name })
        .toEqual(steps.map((event) => [x(event), event.loss]));
    }
    await page.locator('body').press('x');
    await expect.poll(() => drawn('train/loss', FIRST)).toEqual(steps.map(({ microStep, loss }) => [microStep, loss]));
  });

  test('are zoomed, smoothed and put on a log scale', async () => {
    await open('charts');
    const frame = page.locator('article[data-tag="train/micro_loss"] .u-over');
    await frame.waitFor();
    const { x, y, width, height } = (await frame.boundingBox())!;
    await page.mouse.move(x + width * 0.5, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.75, y + height / 2, { steps: 4 });
    await page.mouse.up();
    const xs = async () => (await drawn('train/micro_loss', FIRST)).map(([at]) => at);
    // From the middle to three quarters, and a point beyond on each side.
    await expect.poll(async () => Math.min(...(await xs()))).toBeGreaterThan(80);
    expect(Math.max(...(await xs()))).toBeLessThan(145);
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(async () => (await xs()).length).toBe(180);
    await page.locator('body').press('s');
    const kinds = () => page.evaluate(() => microbatch.curves('train/micro_loss').map(({ kind }) => kind));
    await expect.poll(kinds).toContain('smooth');
    await page.locator('body').press('l');
    await expect.poll(() => page.url()).toContain('log=1');
    await page.reload();
    await expect.poll(kinds).toContain('smooth');
    expect(await page.locator('.toolbar').getByLabel('Log scale').first().isChecked()).toBe(true);
  });

  test('tell the values under the pointer, and under the keyboard', async () => {
    await open('charts');
    const card = page.locator('article[data-tag="train/loss"]');
    const frame = card.locator('.u-over');
    const { x, y, width, height } = await frame.boundingBox().then((box) => box!);
    await page.mouse.move(x + width / 2, y + height / 2);
    const middle = steps.reduce((best, event) =>
      Math.abs(event.microStep - 90) < Math.abs(best.microStep - 90) ? event : best,
    );
    const row = card.locator('.tooltip tr').filter({ hasText: FIRST });
    await expect.poll(() => row.innerText().then((text) => text.includes(String(middle.microStep)))).toBe(true);
    await page.mouse.move(0, 0);
    await expect.poll(() => card.locator('.tooltip').count()).toBe(0);
    const chart = card.getByRole('slider', { name: 'train/loss, chart' });
    await chart.focus();
    await chart.press('End');
    await expect
      .poll(() => chart.getAttribute('aria-valuetext'))
      .toContain(`${FIRST} ${steps.at(-1)!.loss.toPrecision(4)}`);
    await chart.press('ArrowLeft');
    await chart.press('+');
    await page.getByRole('button', { name: 'Show all' }).waitFor();
  });

  test('are those of the runs that are ticked, and of the tags that match', async () => {
    await open('charts');
    const tags = () =>
      page.locator('article').evaluateAll((cards) => cards.map((card) => (card as HTMLElement).dataset.tag));
    await expect.poll(tags).toContain('own/number');
    await page.getByRole('button', { name: 'Overlay none' }).click();
    await expect.poll(tags).toEqual([]);
    await page.getByLabel('Overlay run second').check();
    await expect.poll(tags).toContain('train/accumulated_loss');
    await page.locator('body').press('/');
    await page.keyboard.type('^valid/');
    await expect.poll(tags).toEqual(['valid/loss', 'valid/accuracy']);
  });

  test('follow what is written', async () => {
    const live = sampleRun({ id: 'live', microBatches: 60 });
    const folder = join(dir, 'live');
    await open('charts');
    const writer = openRun(folder, runOf(live));
    try {
      const half = live.findIndex(({ microStep }) => microStep === 30);
      writer.write(live.slice(0, half));
      // How soon it really is, `npm run bench -- --only g` says.
      const soon = { timeout: 20_000 };
      const count = async () => (await drawn('train/micro_loss', 'run live')).length;
      await expect.poll(count, soon).toBe(29);
      writer.write(live.slice(half));
      await expect.poll(count, soon).toBe(60);
      await expect
        .poll(() => page.locator('li').filter({ hasText: 'run live' }).innerText(), soon)
        .toContain('60 micro-batches');
    } finally {
      writer.close();
      rmSync(folder, { recursive: true });
    }
    await expect.poll(() => page.locator('li').filter({ hasText: 'run live' }).count()).toBe(0);
  });
});

describe('the two axes', () => {
  test('show which micro-batches made which step, and both losses', async () => {
    await open('axes');
    await chooseRun(FIRST);
    const windows = page.locator('.two-axes g.window');
    const given = only('discarded-window').length;
    await expect.poll(() => windows.count()).toBe(steps.length + given);
    expect(await page.locator('.two-axes g.discarded').count()).toBe(given);
    expect(await page.locator('.sentence').innerText()).toContain(
      `180 micro-batches made ${steps.length} optimizer steps.`,
    );
    const dots = (kind: string, panel: number) =>
      page
        .locator(`.two-axes .dots.${kind}`)
        .nth(panel)
        .evaluate((path) => path.getAttribute('d')!.split('M').length - 1);
    expect([await dots('loss', 0), await dots('loss', 1)]).toEqual([steps.length, steps.length]);
    expect(await dots('micro', 0)).toBe(180);
    expect(await page.locator('.sources').innerText()).toContain(`all ${steps.length} losses as in the journal`);
    const scene = page.getByRole('slider', { name: 'Windows' });
    await scene.focus();
    await scene.press('End');
    await expect.poll(() => page.locator('.caption').innerText()).toMatch(/^Given up \(training-end\)/);
    await scene.press('ArrowLeft');
    const { step, microBatches, loss } = steps.at(-1)!;
    await expect
      .poll(() => page.locator('.caption').innerText())
      .toContain(`Optimizer step ${step}: ${microBatches.length} micro-batches, ${microBatches[0]!.microStep} to`);
    expect(await page.locator('.caption').innerText()).toContain(`loss ${Number(loss.toPrecision(4))}`);
  });

  test('show a run as it would look if the other losses had been recorded', async () => {
    await open('axes');
    await chooseRun('run second');
    const lastRow = () => page.locator('.sentence').innerText();
    await expect.poll(lastRow).toContain('one row for each micro-batch, 0 to 89');
    await page.locator('.segments label').filter({ hasText: 'true' }).click();
    const count = only('accumulated-batch', others).length;
    await expect.poll(lastRow).toContain(`one row for each step, 0 to ${count - 1}`);
    await page.locator('.segments label').filter({ hasText: 'Side by side' }).click();
    await expect.poll(() => page.locator('.two-axes .link').count()).toBe(0);
  });
});

test('media, details and the table show what was logged', async () => {
  await open('media');
  await chooseRun(FIRST);
  const image = page.locator('article[data-tag="own/picture"] img');
  await expect
    .poll(() =>
      image.evaluate((one) => [(one as HTMLImageElement).naturalWidth, (one as HTMLImageElement).naturalHeight]),
    )
    .toEqual([3, 2]);
  expect(await page.locator('figcaption').innerText()).toBe('three by two');
  await expect.poll(() => page.locator('article[data-tag="own/weights"] .ridge').count()).toBe(1);
  await expect
    .poll(() => page.locator('article[data-tag="own/text"] pre').allInnerTexts())
    .toEqual(['<b>not bold</b>']);
  await expect.poll(() => page.locator('article[data-tag="own/table"] td').allInnerTexts()).toEqual(['3', '0.5']);
  await page.getByRole('button', { name: 'Details' }).click();
  const details = page.locator('.details');
  await expect.poll(() => details.innerText()).toContain('optimizer.learningRate');
  const text = await details.innerText();
  for (const part of ['a diagnostic of the sample run', 'training-end', `${steps.length} as in the journal`])
    expect(text).toContain(part);
  await page.locator('body').press('4');
  const names = () => page.locator('.runs-table tbody th').allInnerTexts();
  await page.getByRole('button', { name: 'Micro-batches' }).click();
  await expect.poll(async () => (await names())[0]).toContain(FIRST);
  await page.getByRole('button', { name: 'Micro-batches' }).click();
  await expect.poll(async () => (await names())[0]).toContain('run second');
  expect(await page.locator('.runs-table th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
});

test('hostile names are text and lead nowhere', async () => {
  await open('charts?x=logged');
  const cards = () =>
    page.locator('article').evaluateAll((all) => all.map((card) => (card as HTMLElement).dataset.tag!));
  await expect
    .poll(async () => (await cards()).filter((tag) => HOSTILE_TAGS.includes(tag)).length)
    .toBe(HOSTILE_TAGS.length);
  for (const tag of HOSTILE_TAGS) {
    const card = page.locator('article').and(page.locator(`[data-tag=${JSON.stringify(tag)}]`));
    await card.scrollIntoViewIfNeeded();
    await expect.poll(() => drawn(tag, HOSTILE_RUN).then((points) => points.length), { message: tag }).toBe(20);
    expect(await card.locator('h3').textContent()).toBe(tag);
    expect((await card.boundingBox())!.width).toBeLessThan(800);
  }
  await page.locator('.run-name').filter({ hasText: 'script' }).click();
  for (const view of ['axes', 'media', 'runs', 'details']) {
    await page.evaluate((hash) => history.replaceState(null, '', hash), `#${view}`);
    await page.locator('body').press(String(['charts', 'axes', 'media', 'runs', 'details'].indexOf(view) + 1));
    await expect.poll(() => page.locator('main').innerText()).toContain(HOSTILE_RUN);
  }
  expect(await page.evaluate(() => (globalThis as { hacked?: number }).hacked)).toBeUndefined();
  expect(await page.locator('script').count()).toBe(1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('is light and dark, as the system is or as the reader wants', async () => {
  const colours = () =>
    page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body);
      return [color, backgroundColor].map((one) =>
        one
          .match(/\d+/g)!
          .slice(0, 3)
          .reduce((sum, part) => sum + Number(part), 0),
      );
    });
  await page.emulateMedia({ colorScheme: 'dark' });
  await open('charts');
  const isDark = async () => {
    const [ink, paper] = await colours();
    return ink! > paper!;
  };
  expect(await isDark()).toBe(true);
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(isDark).toBe(false);
  await page.locator('body').press('t');
  await page.locator('body').press('t');
  await expect.poll(isDark).toBe(true);
  await page.reload();
  await page.locator('.status.live').waitFor();
  expect(await isDark()).toBe(true);
});

test('has all of it for the keyboard, and a list of its keys', async () => {
  await open('charts');
  await page.locator('body').press('?');
  await expect.poll(() => page.locator('dialog').innerText()).toContain('next x-axis');
  await page.keyboard.press('Escape');
  await expect.poll(() => page.locator('dialog').isVisible()).toBe(false);
  // From the top, the views, the list, the tools and a chart are reached in turn.
  const reached = new Set<string>();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    reached.add(
      await page.evaluate(() => document.activeElement?.closest('nav, aside, .toolbar, article')?.nodeName ?? ''),
    );
  }
  for (const part of ['NAV', 'ASIDE', 'DIV', 'ARTICLE']) expect([...reached], part).toContain(part);
});

test.each(['light', 'dark'] as const)('has nothing serious that axe would find, %s', async (colorScheme) => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await open('charts');
  await page.evaluate(axe);
  for (const [index, view] of ['charts', 'axes', 'media', 'runs', 'details'].entries()) {
    await page.locator('body').press(String(index + 1));
    if (['axes', 'media', 'details'].includes(view)) await chooseRun(FIRST);
    await page.locator('main > section:not([hidden])').waitFor();
    const found = await page.evaluate(async () => {
      const { violations } = await (
        globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
        }
      ).axe.run();
      return violations.map(
        ({ id, impact, nodes }) =>
          `${impact}: ${id}: ${nodes
            .slice(0, 3)
            .map(({ html }) => html.slice(0, 160))
            .join(' ')}`,
      );
    });
    expect(
      found.filter((line) => /^(serious|critical)/.test(line)),
      view,
    ).toEqual([]);
  }
});

test('says so when its program has ended', async () => {
  const own = await serveView(dir);
  await page.goto(own.url);
  await page.locator('.status.live').waitFor();
  await own.stop();
  await expect.poll(() => page.locator('.status').innerText()).toContain('not connected');
  troubles = [];
});
