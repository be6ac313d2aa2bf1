import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { FIRST, HOSTILE_RUN, HOSTILE_TAGS, only, others, viewFixture } from './view-fixture.js';
import { serveView } from './view-server.js';

const view = viewFixture();
const { open, drawn, chooseRun } = view;
const steps = only('accumulated-batch');

let page: Page;
beforeEach(() => {
  ({ page } = view);
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

  test('stay within their frames where a part of the run is shown', async () => {
    await open('axes');
    await chooseRun(FIRST);
    const scene = page.getByRole('slider', { name: 'Windows' });
    await scene.focus();
    for (let i = 0; i < 3; i++) await scene.press('+');
    await expect.poll(() => page.locator('.two-axes g.window').count()).toBeLessThan(20);
    const outside = await page.locator('.two-axes').evaluate((svg) => {
      const [left, right] = [64, svg.clientWidth - 16];
      const shapes = [...svg.querySelectorAll<SVGGraphicsElement>('.link, .mean, .dots, .samples, .curve')];
      return shapes.flatMap((shape) => {
        const { x, width } = shape.getBBox();
        const isInside = x >= left - 0.1 && x + width <= right + 0.1;
        return isInside || shape.hasAttribute('clip-path') ? [] : [shape.getAttribute('class')];
      });
    });
    expect(outside).toEqual([]);
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

test('takes no connection while nobody sees it: a browser has six for all tabs', async () => {
  const becomes = (state: string) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  const isStream = (request: { url(): string }) => request.url().endsWith('api/events');
  await open('charts');
  const ended = page.waitForEvent('requestfailed', { predicate: isStream, timeout: 3000 });
  await becomes('hidden');
  await ended;
  const begun = page.waitForEvent('request', { predicate: isStream, timeout: 3000 });
  await becomes('visible');
  await begun;
  await page.locator('.status.live').waitFor();
});

test('says so when its program has ended', async () => {
  const own = await serveView(view.dir);
  await page.goto(own.url);
  await page.locator('.status.live').waitFor();
  await own.stop();
  await expect.poll(() => page.locator('.status').innerText()).toContain('not connected');
  view.forgetTrouble();
});
