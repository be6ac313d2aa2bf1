import { describe, expect, it } from 'vitest';
import type { PlainMessage } from '../src/log/proto.js';
import { createRowTable } from '../src/log/row-table.js';
import { createMetricDefinitions } from '../src/run/metric-definitions.js';

function metricsOfRun() {
  const table = createRowTable();
  const records: PlainMessage[] = [];
  const metrics = createMetricDefinitions(table, (record) => records.push(record));
  const rows: Record<string, unknown>[] = [];

  function row(values: Readonly<Record<string, number | string | null>>): void {
    for (const [key, value] of Object.entries(values)) table.set(table.column(key), value);
    metrics.completeRow();
    const columns = table.filled.slice(0, table.width);
    rows.push(Object.fromEntries(columns.map((column) => [table.paths[column]!.join('.'), table.latest[column]])));
    table.clear();
  }
  const summaryOf = (key: string) => metrics.summaryOf(table.column(key));
  const defined = () => records.map(({ metric }) => metric as Readonly<Record<string, unknown>>);
  return { table, metrics, rows, row, summaryOf, defined };
}

describe('the summary', () => {
  it('shows the latest value of a metric that nobody defined, or that has only its name', () => {
    const { metrics, row, summaryOf } = metricsOfRun();
    metrics.define('named', {});
    row({ named: 3, other: 4 });
    row({ named: 1, other: 2 });
    expect([summaryOf('named'), summaryOf('other')]).toEqual([1, 2]);
  });

  it('shows the latest value that is not null, but of a null that was set by hand nothing', () => {
    const { table, row, summaryOf } = metricsOfRun();
    row({ gone: 1, never: null });
    row({ gone: 2 });
    row({ gone: null });
    row({ gone: null });
    expect([summaryOf('gone'), summaryOf('never')]).toEqual([2, undefined]);
    table.setLatest(table.column('gone'), null);
    expect(summaryOf('gone')).toBeUndefined();
  });

  it('shows what was asked for, of numbers alone, also of those from before the definition', () => {
    const { metrics, row, summaryOf } = metricsOfRun();
    row({ loss: 100 });
    metrics.define('loss', { summary: ['min', 'max', 'mean', 'first', 'last'] });
    for (const loss of [4, 'none', 1, 7]) row({ loss });
    expect(summaryOf('loss')).toEqual({ last: 7, first: 100, max: 100, min: 1, mean: 28 });
  });

  it("shows nothing of 'none', and the latest value of 'copy'", () => {
    const { metrics, row, summaryOf } = metricsOfRun();
    metrics.define('hidden', { summary: 'none' });
    metrics.define('plain', { summary: 'copy' });
    row({ hidden: 1, plain: 2 });
    expect([summaryOf('hidden'), summaryOf('plain')]).toEqual([undefined, 2]);
  });

  it('is NaN where a value was NaN, as with the Python client', () => {
    const { metrics, row, summaryOf } = metricsOfRun();
    metrics.define('loss', { summary: ['min', 'mean'] });
    for (const loss of [1, Number.NaN, 2]) row({ loss });
    expect(summaryOf('loss')).toEqual({ min: Number.NaN, mean: Number.NaN });
  });

  it('that was set by hand shows the latest value from then on', () => {
    const { table, metrics, row, summaryOf } = metricsOfRun();
    metrics.define('best', { summary: 'max' });
    row({ best: 5 });
    table.setLatest(table.column('best'), 9);
    metrics.release(table.column('best'));
    expect(summaryOf('best')).toBe(9);
    row({ best: 2 });
    expect(summaryOf('best')).toBe(2);
  });
});

describe('a glob', () => {
  it('defines each new metric that begins like it, once, but none defined by name, and none of W&B’s own', () => {
    const { metrics, row, defined, summaryOf } = metricsOfRun();
    metrics.define('val/*', { summary: 'max', stepMetric: 'epoch', stepSync: false });
    metrics.define('val/own', { summary: 'min' });
    metrics.define('*', { hidden: true });
    row({ 'val/acc': 1, 'val/own': 1, _step: 0 });
    row({ 'val/acc': 0, 'val/own': 2, late: 1 });
    expect(defined().map(({ name, globName }) => name ?? globName)).toEqual([
      'val/*',
      'val/own',
      '*',
      'val/acc',
      'late',
    ]);
    expect(defined()[3]).toMatchObject({ stepMetric: 'epoch', summary: { max: true }, expandedFromGlob: true });
    expect([summaryOf('val/acc'), summaryOf('val/own')]).toEqual([{ max: 1 }, { min: 1 }]);
  });
});

describe('stepSync', () => {
  it('puts the latest value of the step metric into rows that lack it, and only there', () => {
    const { metrics, row, rows } = metricsOfRun();
    metrics.define('val/*', { stepMetric: 'epoch' });
    metrics.define('test/*', { stepMetric: 'epoch', stepSync: false });
    row({ 'val/acc': 0.1, 'test/acc': 1 });
    row({ epoch: 3 });
    row({ 'val/acc': 0.2 });
    row({ 'val/acc': 0.3, epoch: 7 });
    row({ other: 1, 'test/acc': 2 });
    expect(rows).toEqual([
      { 'val/acc': 0.1, 'test/acc': 1, epoch: 0 },
      { epoch: 3 },
      { 'val/acc': 0.2, epoch: 3 },
      { 'val/acc': 0.3, epoch: 7 },
      { other: 1, 'test/acc': 2 },
    ]);
  });

  it('finds a step metric inside an object', () => {
    const { table, metrics, row, rows } = metricsOfRun();
    metrics.define('acc', { stepMetric: 'clock.epoch', stepSync: true });
    table.set(table.columnAt(['clock', 'epoch']), 5);
    row({});
    row({ acc: 1 });
    expect(rows.at(-1)).toEqual({ acc: 1, 'clock.epoch': 5 });
  });
});

describe('definitions', () => {
  it('add to what was defined before, and take its place with overwrite', () => {
    const { metrics, defined } = metricsOfRun();
    metrics.define('loss', { summary: 'none', hidden: true, goal: 'minimize' });
    metrics.define('loss', { summary: 'min', stepMetric: 'epoch' });
    metrics.define('loss', { summary: 'max', overwrite: true });
    expect(defined()).toMatchObject([
      { options: { hidden: true }, summary: { none: true }, goal: 1 },
      { options: { hidden: true }, summary: { min: true }, goal: 1, stepMetric: 'epoch' },
      { options: { hidden: false }, summary: { max: true }, goal: 0 },
    ]);
    expect(defined()[1]!.summary).toEqual({ min: true });
    expect(defined()[2]).not.toHaveProperty('stepMetric');
  });

  it.each([
    ['', {}, /name must be a string .* not ""/],
    ['a*b', {}, /not "a\*b"/],
    ['loss', { summary: 'median' }, /summary must be .* not "median"/],
    ['loss', { goal: 'up' }, /goal must be .* not "up"/],
    ['loss', { hidden: 1 }, /hidden must be true or false, not 1/],
    ['loss', { stepMetric: '' }, /stepMetric must be a string/],
    ['loss', { step: 'epoch' }, /unknown option step/],
  ])('refuse %j with %j', (name, definition, message) => {
    const { metrics, defined } = metricsOfRun();
    expect(() => metrics.define(name, definition as object)).toThrow(message);
    expect(defined()).toEqual([]);
  });
});
