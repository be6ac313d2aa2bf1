import { basename } from 'node:path';
import { type Run, seriesOf } from '../runs/run.js';
import type { RunStore } from '../runs/run-store.js';
import { axesOf } from './chart-points.js';
import { lastClocks } from './clock-answer.js';
import { flatConfig } from './flat-config.js';
import { numberAnswer } from './number-answer.js';
import type { RunAnswer, RunsAnswer } from './protocol.js';
import type { TagNumbers } from './tag-numbers.js';

const MOST_CONFIG_VALUES = 60;

/** All runs, as the page lists them. */
export function runsAnswer(
  store: RunStore,
  tags: TagNumbers,
  state: { readonly name: string; readonly isLoaded: boolean; readonly failure: Error | undefined },
): RunsAnswer {
  const runs = store.runs.map((run) => runAnswer(run, store.versionOf(run.key), tags, store.root));
  return {
    root: state.name === '.' ? basename(store.root) : state.name,
    ...(state.failure === undefined ? {} : { failure: state.failure.message }),
    isLoaded: state.isLoaded,
    runs,
    tags: tags.tags,
    problems: [...store.problems, ...store.runs.flatMap(({ problems }) => problems)],
  };
}

/** What a run is called: by itself, or by the folder that it lies in. */
export function nameOf({ facts: { name, id }, path }: Run, root: string): string {
  return name ?? id ?? (path === '.' ? basename(root) : path);
}

function runAnswer(run: Run, version: number, tags: TagNumbers, root: string): RunAnswer {
  const { key, path, facts, sources, modifiedAt, problems } = run;
  const { id, project, startedAt, outcome, logAccumBatch, config } = facts;
  const series = [...seriesOf(run)];
  const media = new Map(sources.toReversed().flatMap((source) => [...source.media.tags]));
  const first = startedAt ?? sources[0]?.clocks.at('time', 0);
  return {
    key,
    version,
    name: nameOf(run, root),
    path,
    ...(id === undefined ? {} : { id }),
    ...(project === undefined ? {} : { project }),
    ...(first === undefined ? {} : { startedAt: first }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(logAccumBatch === undefined ? {} : { logAccumBatch }),
    modifiedAt,
    progress: progressOf(run),
    sources: sources.map(({ kind }) => kind),
    axes: axesOf(run),
    tags: series.map(([tag]) => tags.of(tag)),
    latest: series.map(([, { series: one }]) => numberAnswer(one.values.values[one.length - 1] ?? Number.NaN)),
    media: [...media.values()].map(({ tag, kind, entries }) => ({ tag: tags.of(tag), kind, count: entries.length })),
    last: sources[0] === undefined ? {} : lastClocks(sources[0].clocks),
    config: flatConfig(config, MOST_CONFIG_VALUES),
    problems: problems.length,
  };
}

function progressOf({ isLoaded, sources }: Run): number {
  if (isLoaded) return 1;
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  const read = sources.reduce((sum, source) => sum + source.bytesRead, 0);
  return size === 0 ? 0 : Math.min(0.99, read / size);
}
