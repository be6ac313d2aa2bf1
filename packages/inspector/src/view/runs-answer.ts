import { basename } from 'node:path';
import { nameOf, type Run, seriesOf, sourceOf } from '../runs/run.js';
import type { RunSource } from '../runs/run-source.js';
import type { RunStore } from '../runs/run-store.js';
import { axesOf, tensorboardClock } from './chart-points.js';
import { lastClocks } from './clock-answer.js';
import { flatConfig } from './flat-config.js';
import { numberAnswer } from './number-answer.js';
import type { ClockAnswer, RunAnswer, RunsAnswer } from './protocol.js';
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

function runAnswer(run: Run, version: number, tags: TagNumbers, root: string): RunAnswer {
  const { key, path, facts, sources, modifiedAt, problems } = run;
  const { id, project, startedAt, outcome, config } = facts;
  const logAccumBatch = facts.logAccumBatch ?? recordedAccumulated(sources[0]);
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
    last: lastOf(run),
    config: flatConfig(config, MOST_CONFIG_VALUES),
    problems: problems.length,
  };
}

/** Which losses a run without a journal recorded: its last W&B row says it. Undefined where nothing does. */
function recordedAccumulated(best: RunSource | undefined): boolean | undefined {
  if (best?.kind !== 'wandb') return undefined;
  const { logged, step, microStep } = lastClocks(best.clocks);
  if (logged === undefined || step === undefined || microStep === undefined || step === microStep) return undefined;
  return logged + 1 !== microStep;
}

/** Where training stands. Event files tell also of the micro-batches behind the last row of W&B, which made no step. */
function lastOf(run: Run): ClockAnswer {
  const last = run.sources[0] === undefined ? {} : lastClocks(run.sources[0].clocks);
  const events = sourceOf(run, 'tensorboard');
  if (events === undefined || last.microStep === undefined || tensorboardClock(events, run) !== 'microStep')
    return last;
  return { ...last, microStep: Math.max(last.microStep, lastClocks(events.clocks).logged ?? 0) };
}

function progressOf({ isLoaded, sources }: Run): number {
  if (isLoaded) return 1;
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  const read = sources.reduce((sum, source) => sum + source.bytesRead, 0);
  return size === 0 ? 0 : Math.min(0.99, read / size);
}
