import { describe, expect, it } from 'vitest';
import { bytes, duration, short } from '../page/format.js';
import { readHash, writeHash } from '../page/hash.js';
import { runColumns, shownFirst, sortRuns } from '../page/runs-columns.js';
import type { PageState } from '../page/state.js';
import { groupTags, splitTag } from '../page/tag-groups.js';
import type { RunAnswer } from '../src/view/protocol.js';

const STATE: PageState = {
  answer: undefined,
  trouble: undefined,
  view: 'charts',
  selected: new Set([3, 5]),
  focus: undefined,
  axis: undefined,
  smooth: 0,
  isLog: false,
  tagFilter: '',
  runFilter: '',
  theme: 'auto',
};

describe('numbers on the page', () => {
  it('are short, and tell what they are', () => {
    expect([0, 1, -2.5, 0.333333, 1234.5678, 123456.7, 5e9, 1e-7, 1e21].map(short)).toEqual([
      '0',
      '1',
      '−2.5',
      '0.3333',
      '1234.57',
      '123,457',
      '5.00e9',
      '1.00e−7',
      '1.00e21',
    ]);
    expect([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(short)).toEqual(['NaN', '∞', '−∞']);
    expect([0.5, 12, 75, 3700, 200_000, Number.NaN].map(duration)).toEqual([
      '0.5 s',
      '12 s',
      '1 min 15 s',
      '1 h 1 min',
      '2 d 7 h',
      '–',
    ]);
    expect([12, 1500, 374_475_803].map(bytes)).toEqual(['12 B', '1.50 kB', '374 MB']);
  });
});

describe('the address', () => {
  it('brings back what it was made of', () => {
    const state: PageState = {
      ...STATE,
      view: 'axes',
      axis: 'samples',
      smooth: 0.6,
      isLog: true,
      tagFilter: 'a&b=/#',
      focus: 3,
    };
    const { view, axis, smooth, isLog, tagFilter, focus, selected } = state;
    expect(readHash(writeHash(state, true))).toEqual({ view, axis, smooth, isLog, tagFilter, focus, selected });
    expect(readHash(writeHash(STATE, false))).toEqual({ view: 'charts' });
  });

  it('says nothing where it is none of ours', () => {
    for (const hash of ['', '#', '#nothing?x=y', '#<script>', '#?x=microStepp&smooth=7&log=2']) {
      expect(readHash(hash), hash).toEqual({});
    }
  });
});

describe('tags', () => {
  it('stand in groups: what microbatch logs by what it is about, all others by their beginning', () => {
    const tags = [
      'b/x',
      'train/grad_norm',
      'train/loss_smooth',
      'valid/loss',
      'lonely',
      'train/loss',
      'a/y',
      'constructor',
      '__proto__',
    ];
    expect(groupTags(tags).map((group) => [group.name, group.tags])).toEqual([
      ['Training', ['train/loss', 'train/loss_smooth']],
      ['Validation', ['valid/loss']],
      ['Accumulation', ['train/grad_norm']],
      ['a', ['a/y']],
      ['b', ['b/x']],
      ['Other', ['__proto__', 'constructor', 'lonely']],
    ]);
  });

  it('stand in the order of their numbers', () => {
    const tags = ['layer/10/norm', 'layer/2/norm', 'layer/1/norm', 'block10/x', 'block9/x'];
    expect(groupTags(tags).flatMap((group) => group.tags)).toEqual([
      'block9/x',
      'block10/x',
      'layer/1/norm',
      'layer/2/norm',
      'layer/10/norm',
    ]);
  });

  it("of fastai's names stand with the same", () => {
    expect(groupTags(['train_loss', 'raw_loss', 'valid_loss'])).toEqual([
      { name: 'Training', tags: ['raw_loss', 'train_loss'] },
      { name: 'Validation', tags: ['valid_loss'] },
    ]);
  });

  it('are split before their last part', () => {
    expect(['a/b/c', 'a', 'a/', '/a'].map(splitTag)).toEqual([
      ['a/b/', 'c'],
      ['', 'a'],
      ['', 'a/'],
      ['/', 'a'],
    ]);
  });
});

describe('the table of runs', () => {
  const run = (
    key: number,
    loss: RunAnswer['latest'][number] | undefined,
    config: Record<string, string>,
  ): RunAnswer => ({
    key,
    version: 1,
    name: `run ${key}`,
    path: '.',
    modifiedAt: 0,
    progress: 1,
    sources: ['journal'],
    axes: [],
    tags: loss === undefined ? [] : [0],
    latest: loss === undefined ? [] : [loss],
    media: [],
    last: {},
    config,
    problems: 0,
  });
  const runs = [
    run(0, 0.5, { lr: '0.1', seed: '1' }),
    run(1, 'NaN', { lr: '0.02', seed: '1' }),
    run(2, 0.25, {}),
    run(3, undefined, { lr: '1e-3' }),
  ];
  const columns = runColumns(runs, ['train/loss']);
  const sorted = (name: string, isRising: boolean) =>
    sortRuns(runs, columns.find((column) => column.title === name)!, isRising).map(({ key }) => key);

  it('is sorted as numbers, those without one last', () => {
    expect(sorted('train/loss', true)).toEqual([2, 0, 1, 3]);
    expect(sorted('train/loss', false)).toEqual([0, 2, 1, 3]);
    expect(sorted('lr', true)).toEqual([3, 1, 0, 2]);
  });

  it('shows of the config what differs', () => {
    const shown = [...shownFirst(columns, runs.slice(0, 2))];
    expect(shown).toContain('config lr');
    expect(shown).not.toContain('config seed');
  });
});
