import { relative } from 'node:path';
import { type Run, seriesOf } from '../runs/run.js';
import type { RunSource } from '../runs/run-source.js';
import type { Series } from '../runs/series.js';
import { flatConfig } from './flat-config.js';
import { numberAnswer, numberAnswers } from './number-answer.js';
import type { RunDetailsAnswer } from './protocol.js';
import { discardedAnswer } from './windows-answer.js';

const MOST_CONFIG_VALUES = 2000;
const MOST_WINDOWS = 500;
const MOST_EPOCHS = 1000;
const LOSS = 'train/loss';

/** What there is to know of one run beside its curves. */
export function detailsAnswer(run: Run, root: string): RunDetailsAnswer {
  const { key, facts, sources, problems } = run;
  const { id, project, group, notes, host, tags, outcome, error, startedAt, plan, policy, config } = facts;
  const story = sources.find((source) => source.story !== undefined)?.story;
  const told = { id, project, group, notes, host, outcome, error, started: dateOf(startedAt) };
  return {
    key,
    facts: flatConfig(
      { ...defined(told), ...(tags.length > 0 ? { tags: tags.join(', ') } : {}), ...defined({ plan, policy }) },
      MOST_CONFIG_VALUES,
    ),
    config: flatConfig(config, MOST_CONFIG_VALUES),
    summary: [...seriesOf(run)].map(([tag, { series, source }]) => ({ tag, source: source.kind, ...sumUp(series) })),
    epochs: (story?.epochs ?? []).slice(-MOST_EPOCHS).map(({ train, valid, ...epoch }) => ({
      ...epoch,
      train: numberAnswers(train),
      valid: numberAnswers(valid),
    })),
    diagnostics: story?.diagnostics ?? [],
    discarded: discardedAnswer(run, MOST_WINDOWS),
    skipped: story?.skipped ?? 0,
    sources: sources.map((source) => sourceAnswer(source, sources[0]!, root)),
    problems,
  };
}

function sourceAnswer(source: RunSource, best: RunSource, root: string): RunDetailsAnswer['sources'][number] {
  const { kind, paths, size, series } = source;
  const points = [...series.values()].reduce((sum, one) => sum + one.length, 0);
  const loss = source === best ? undefined : compareLoss(source.series.get(LOSS), best.series.get(LOSS));
  return {
    kind,
    paths: paths.map((path) => relative(root, path) || '.'),
    bytes: size,
    tags: series.size,
    points,
    ...(loss === undefined ? {} : { loss }),
  };
}

/** Of the same losses in two sources, how many differ by more than the 32-bit floats of event files do. */
function compareLoss(a: Series | undefined, b: Series | undefined) {
  if (a === undefined || b === undefined) return undefined;
  const compared = Math.min(a.length, b.length);
  let differing = Math.abs(a.length - b.length);
  for (let index = 0; index < compared; index++) {
    if (Math.fround(a.values.values[index]!) !== Math.fround(b.values.values[index]!)) {
      if (!(Number.isNaN(a.values.values[index]!) && Number.isNaN(b.values.values[index]!))) differing++;
    }
  }
  return { compared, differing };
}

function sumUp({ values: { values, length } }: Series) {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) [min, max] = [Number.NaN, Number.NaN];
  const last = numberAnswer(values[length - 1] ?? Number.NaN);
  return { last, min: numberAnswer(min), max: numberAnswer(max), points: length };
}

function defined(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function dateOf(time: number | undefined): string | undefined {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
