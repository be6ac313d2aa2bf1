import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogValues, TrainEvent } from '@microbatch/core/logger';
import { sampleRun } from '@microbatch/core/testing';
import type { Browser, Page } from 'playwright-core';
import { SummaryWriter } from 'tensorboard-writer';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { writeRun } from '../../packages/inspector/test/write-run.js';
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

export const HOSTILE_RUN = '<script>globalThis.hacked = 1</script>';
export const HOSTILE_TAGS: readonly string[] = [
  '<img src=x onerror="globalThis.hacked = 1">',
  '../../../etc/passwd',
  'y'.repeat(10_000),
  '🚀 ünï',
  '__proto__',
  'javascript:alert(1)',
];

/** The name of the run whose events are `events`; the other one's is `run second`. */
export const FIRST = 'run first';
export const events: readonly TrainEvent[] = sampleRun({ id: 'first', microBatches: 180, values: VALUES });
export const others: readonly TrainEvent[] = sampleRun({ id: 'second', microBatches: 90, logAccumBatch: false });

export function only<T extends TrainEvent['type']>(type: T, from: readonly TrainEvent[] = events): Of<T>[] {
  return from.filter((event): event is Of<T> => event.type === type);
}

/** A page on two runs and a hostile one. */
export interface ViewFixture {
  /** The folder of the runs. */
  readonly dir: string;
  /** A new one for each test; it must have no trouble. */
  readonly page: Page;
  /** Opens a view, and waits until all runs are read. */
  open(view: string): Promise<void>;
  /** Chooses what a view of one run shows. */
  chooseRun(name: string): Promise<void>;
  /** The points that a chart draws of a run, from the page's own data. */
  drawn(tag: string, runName: string): Promise<readonly (readonly [number, number])[]>;
  /** Leaves out what was trouble so far: the test wanted it. */
  forgetTrouble(): void;
}

/** Serves the runs to a browser while the tests of a file run. */
export function viewFixture(): ViewFixture {
  let dir: string;
  let server: ViewServer | undefined;
  let browser: Browser | undefined;
  let page: Page;
  /** Errors of the page, refused resources, requests to elsewhere. */
  let troubles: string[] = [];

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

  return {
    get dir() {
      return dir;
    },
    get page() {
      return page;
    },
    async open(view) {
      await page.goto(`${server!.url}#${view}`);
      await page.locator('.status.live').waitFor();
    },
    async chooseRun(name) {
      await page.locator('main > section:not([hidden]) select').selectOption({ label: name });
    },
    drawn: (tag, runName) =>
      page.evaluate(
        ([tag, runName]) => {
          const run = microbatch.runs().find(({ name }) => name === runName);
          const curve = microbatch.curves(tag!)?.find(({ run: key, kind }) => key === run?.key && kind === 'raw');
          return curve === undefined ? [] : [...curve.xs].map((x, i) => [x, curve.ys[i]!] as const);
        },
        [tag, runName],
      ),
    forgetTrouble() {
      troubles = [];
    },
  };
}
