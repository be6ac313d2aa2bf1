import { describe, expect, it } from 'vitest';
import { createConsoleLines } from '../src/upload/console-lines.js';
import { type JsonTree, mergeTree, putText, treeText, updateTree } from '../src/upload/json-tree.js';
import { createLineQueue } from '../src/upload/line-queue.js';
import { createMetricList } from '../src/upload/metric-list.js';
import { isFinalStatus, retryDelay } from '../src/upload/retry-policy.js';
import { eventsLine, historyLine } from '../src/upload/stream-lines.js';

describe('lines of a log', () => {
  it('keep every digit, NaN, ±Infinity and keys as they are', () => {
    const item = [
      { nestedKey: ['big'], valueJson: '12345678901234567890123' },
      { nestedKey: ['small'], valueJson: '0.30000000000000004' },
      { nestedKey: ['a.b/c"'], valueJson: 'NaN' },
      { nestedKey: ['n', '__proto__', 'x'], valueJson: '-Infinity' },
      { nestedKey: ['n', 'y'], valueJson: '[1,{"z":"ü"}]' },
      { key: 'flat', valueJson: '-0.0' },
      { key: 'nothing' },
    ];
    expect(historyLine({ item, step: { num: 7 } })).toBe(
      '{"big":12345678901234567890123,"small":0.30000000000000004,"a.b/c\\"":NaN,' +
        '"n":{"__proto__":{"x":-Infinity},"y":[1,{"z":"ü"}]},"flat":-0.0,"nothing":null,"_step":7}',
    );
    expect(historyLine({ item: [{ key: '_step', valueJson: '3' }], step: { num: 3 } })).toBe('{"_step":3}');
    expect(historyLine({ item: [{ key: 'x', valueJson: '{\n "a": NaN\n}' }] })).toBe('{"x":{"a":NaN}}');
    expect(eventsLine({ timestamp: { seconds: 10, nanos: 5e8 }, item: [{ key: 'gpu.0', valueJson: '1' }] }, 4)).toBe(
      '{"_wandb":true,"_timestamp":10.5,"_runtime":6.5,"system.gpu.0":1}',
    );
  });

  it('of a summary follow its updates and removals, through what was logged whole', () => {
    const tree: JsonTree = new Map();
    updateTree(tree, { update: [{ key: 'a', valueJson: '{"b":1,"c":NaN}' }] });
    putText(tree, ['a', 'd'], '2');
    updateTree(tree, {
      remove: [{ nestedKey: ['a', 'b'] }, { key: 'not there' }],
      update: [{ key: 'e', valueJson: '3' }],
    });
    expect(treeText(tree)).toBe('{"a":{"c":NaN,"d":2},"e":3}');
  });

  it('of a config add to the fields of objects, digit by digit; an object without fields is nothing', () => {
    const tree: JsonTree = new Map();
    const object = '{"b": 12345678901234567890123, "c" : {"d":[1, {"}": "\\",{"}] ,"e":{}}}';
    mergeTree(tree, {
      update: [
        { key: 'a', valueJson: object },
        { key: 'list', valueJson: '[{"x": 1}]' },
      ],
    });
    mergeTree(tree, {
      update: [
        { key: 'a', valueJson: '{"c":{"f":-Infinity}}' },
        { key: 'empty', valueJson: '{}' },
      ],
    });
    expect(treeText(tree)).toBe(
      '{"a":{"b":12345678901234567890123,"c":{"d":[1,{"}":"\\",{"}],"f":-Infinity}},"list":[{"x": 1}]}',
    );
    mergeTree(tree, { update: [{ key: 'a', valueJson: '1' }], remove: [{ key: 'list' }] });
    expect(treeText(tree)).toBe('{"a":1}');
  });

  it('of the console are given once, complete, stdout and stderr apart', () => {
    const lines = createConsoleLines();
    const texts = (line: string, outputType = 1) =>
      lines.push({ outputType, line }).map(({ isError, content }) => [isError, content]);
    expect(texts('a\n\nb')).toEqual([
      [false, 'a'],
      [false, ''],
    ]);
    expect(texts('error\n', 0)).toEqual([[true, 'error']]);
    expect(texts('c\r')).toEqual([]);
    expect(texts('\nd 10%\rd 2')).toEqual([[false, 'bc']]);
    expect(texts('0%\r\r\n')).toEqual([[false, '']]);
    expect(texts('end')).toEqual([]);
    expect(lines.end().map(({ content }) => content)).toEqual(['end']);
    expect(lines.end()).toEqual([]);
  });
});

describe('a queue of lines', () => {
  it('gives batches within the size, at least one line, from the first that is not acknowledged', () => {
    const queue = createLineQueue();
    for (const line of ['aaaa', 'bb', 'cc', 'd']) queue.push(line);
    expect(queue.batch(6)).toEqual({ index: 0, lines: ['aaaa', 'bb'] });
    expect(queue.batch(1)).toEqual({ index: 0, lines: ['aaaa'] });
    queue.acknowledge(2);
    expect([queue.size, queue.waiting, queue.acknowledged, queue.total]).toEqual([3, 2, 2, 4]);
    expect(queue.batch(100)).toEqual({ index: 2, lines: ['cc', 'd'] });
    // Lines that the server has, but that the log has not given yet.
    queue.acknowledge(6);
    for (const line of ['e', 'f', 'g']) queue.push(line);
    expect(queue.batch(100)).toEqual({ index: 6, lines: ['g'] });
    queue.acknowledge(3);
    expect(queue.acknowledged).toBe(6);
  });
});

describe('declared metrics', () => {
  it('are numbered by their step metric, add to earlier declarations, and have globs last', () => {
    const metrics = createMetricList();
    metrics.apply({
      name: 'loss',
      stepMetric: 'step',
      options: { hidden: true, defined: true },
      summary: { max: true },
    });
    metrics.apply({ globName: 'val/*', stepMetric: 'step', options: { stepSync: true, defined: true } });
    metrics.apply({ name: 'loss', summary: { mean: true }, goal: 1 });
    expect(metrics.encoded()).toEqual([
      { 1: 'loss', 5: 2, 6: [2, 3], 7: [2, 3], 8: 1 },
      { 1: 'step', 6: [], 7: [] },
      { 2: 'val/*', 5: 2, 6: [1], 7: [] },
    ]);
  });

  it('take the place of earlier ones with overwrite, and of none with the next summary', () => {
    const metrics = createMetricList();
    metrics.apply({ name: 'loss', stepMetric: 'step', options: { hidden: true }, summary: { min: true }, goal: 1 });
    metrics.apply({ name: 'loss', options: { defined: true }, summary: { max: true }, control: { overwrite: true } });
    metrics.apply({ name: 'acc', summary: { min: true, copy: true } });
    metrics.apply({ name: 'acc', summary: { none: true } });
    expect(metrics.encoded()).toEqual([
      { 1: 'loss', 6: [3], 7: [2] },
      { 1: 'acc', 6: [], 7: [1, 6] },
    ]);
    metrics.apply({ name: 'acc', options: { defined: true } });
    expect(metrics.encoded()[1]).toEqual({ 1: 'acc', 6: [3], 7: [1, 6] });
    metrics.apply({ name: 'acc', summary: { last: true } });
    expect(metrics.encoded()[1]).toEqual({ 1: 'acc', 6: [3], 7: [1, 5] });
  });
});

describe('trying again', () => {
  it('waits as long as the server asks, in seconds or until a date, at most a day', () => {
    const now = Date.parse('2026-01-02T03:04:05Z');
    expect(retryDelay(0, '120', now, 0.5)).toBe(120_000);
    expect(retryDelay(0, 'Fri, 02 Jan 2026 03:05:05 GMT', now, 0.5)).toBe(60_000);
    expect(retryDelay(0, '1e9', now, 0.5)).toBe(1000);
    expect(retryDelay(0, '9999999999', now, 0.5)).toBe(86_400_000);
  });

  it.each([null, '0', '0.001', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon'])(
    'waits any time up to 2 s doubled with each try, and never more than a minute, where it asks for %j',
    (asked) => {
      for (const random of [0.25, 0.5, 0.999]) {
        const limits = Array.from({ length: 40 }, (_, attempt) => retryDelay(attempt, asked, 1, random));
        expect(limits.slice(0, 6)).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000].map((limit) => limit * random));
        expect(Math.max(...limits)).toBe(60_000 * random);
      }
    },
  );

  it('is of no use for the statuses that the official client takes as final', () => {
    const all = Array.from({ length: 400 }, (_, at) => 200 + at).filter((status) => status >= 400);
    expect(all.filter(isFinalStatus)).toEqual([400, 401, 403, 404, 409, 410, 413, 422, 501]);
  });
});
