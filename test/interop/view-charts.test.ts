import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runOf, sampleRun } from '@microbatch/core/testing';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { openRun } from '../../packages/inspector/test/write-run.js';
import { events, FIRST, only, others, viewFixture } from './view-fixture.js';

/** What the page says of itself. */
declare const microbatch: { curves(tag: string): readonly { readonly kind: string }[] };

const view = viewFixture();
const { open, drawn } = view;
const steps = only('accumulated-batch');

let page: Page;
beforeEach(() => {
  ({ page } = view);
});

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
    ] as readonly (readonly [string, (event: (typeof steps)[number]) => number])[]) {
      await page.locator('.segments label').filter({ hasText: name }).click();
      await expect
        .poll(() => drawn('train/loss', FIRST), { message: name })
        .toEqual(steps.map((event) => [x(event), event.loss]));
    }
    await page.locator('body').press('x');
    await expect.poll(() => drawn('train/loss', FIRST)).toEqual(steps.map(({ microStep, loss }) => [microStep, loss]));
  });

  test('list of a zoom what is seen, not the points beyond its edges that lines lead to', async () => {
    await open('charts');
    const card = page.locator('article[data-tag="train/micro_loss"]');
    const frame = card.locator('.u-over');
    await frame.waitFor();
    await card.hover();
    await card.getByRole('button', { name: 'Values' }).click();
    const { x, y, width, height } = (await frame.boundingBox())!;
    await page.mouse.move(x + width * 0.2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.3, y + height / 2, { steps: 4 });
    await page.mouse.up();
    const cells = () => card.locator('tbody tr').filter({ hasText: FIRST }).locator('td').allInnerTexts();
    const micro = only('micro-batch');
    await expect.poll(async () => Number((await cells())[4])).toBeLessThan(30);
    const [, last, , , points] = (await cells()).map(Number) as [number, number, number, number, number];
    const shown = await drawn('train/micro_loss', FIRST);
    expect(shown.length).toBe(points + 2);
    expect(last).toBe(shown.at(-2)![0]);
    expect(Number((await cells())[0])).toBeCloseTo(micro[last - 1]!.loss, 3);
  });

  test('stay on the axis that was chosen last, whichever answer comes last', async () => {
    await open('charts');
    const expected = steps.map(({ microStep, loss }) => [microStep, loss]);
    await expect.poll(() => drawn('train/loss', FIRST)).toEqual(expected);
    const held: (() => void)[] = [];
    await page.route(/api\/series.*axis=samples/, async (route) => {
      await new Promise<void>((go) => held.push(go));
      await route.continue().catch(() => {});
    });
    const choose = (name: string) => page.locator('.segments label').filter({ hasText: name }).click();
    const given = page.waitForEvent('requestfailed', (request) => request.url().includes('axis=samples'));
    await choose('Samples');
    await expect.poll(() => held.length).toBeGreaterThan(0);
    await choose('Micro-batch');
    await given;
    for (const go of held) go();
    await expect.poll(() => drawn('train/loss', FIRST)).toEqual(expected);
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
    const folder = join(view.dir, 'live');
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
