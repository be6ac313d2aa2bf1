import {
  batchScalars,
  type LogValue,
  type MicroBatchRecord,
  metricNames,
  type RunInfo,
  type TrainEvent,
} from '@microbatch/core/logger';
import type { EventPlace } from '@microbatch/logger-journal';
import { ClockTable } from './clock-table.js';
import { type MediaKind, MediaTable } from './media-table.js';
import type { RunFacts, RunStory } from './run-source.js';
import { SeriesMap } from './series.js';
import { WindowTable } from './window-table.js';

/** The loss of each optimizer step, where micro-batches are recorded and `train/loss` is theirs: the journal alone has it. */
export const ACCUMULATED_LOSS = 'train/accumulated_loss';

const names = metricNames();
const MOST_DIAGNOSTICS = 1000;

/** Puts a run together from the events of its journals. */
export interface JournalEvents {
  readonly facts: RunFacts;
  readonly clocks: ClockTable;
  readonly series: SeriesMap;
  readonly media: MediaTable;
  readonly windows: WindowTable;
  readonly story: RunStory;
  /** Takes the next event, which stands at `place` of the run's `file`-th journal. */
  take(event: TrainEvent, file: number, place: EventPlace): void;
}

/** A run before its first event. */
export function createJournalEvents(): JournalEvents {
  const facts: RunFacts = { tags: [], config: {}, summary: {} };
  const clocks = new ClockTable(['microStep', 'step', 'samples', 'epoch', 'time']);
  const series = new SeriesMap(clocks);
  const media = new MediaTable();
  const windows = new WindowTable();
  const diagnostics: RunStory['diagnostics'][number][] = [];
  const epochs: RunStory['epochs'][number][] = [];
  let skipped = 0;
  let run: RunInfo | undefined;
  let row = 0;

  const put = (tag: string, value: number) => series.of(tag).add(row, value);

  function start(info: RunInfo): void {
    run = info;
    const { id, name, project, config, tags, plan, policy, logAccumBatch, startedAt, resumedAt } = info;
    Object.assign(facts, { id, name, config, tags, plan, policy, logAccumBatch });
    if (project !== undefined) facts.project = project;
    facts.startedAt ??= startedAt;
    delete facts.outcome;
    delete facts.error;
    if (resumedAt !== undefined) cutAfter(resumedAt.microStep);
  }

  /** What a killed process trained behind its last checkpoint is trained again by the one that goes on. */
  function cutAfter(microStep: number): void {
    const isGone = (at: number) => (clocks.at('microStep', at) ?? 0) > microStep;
    series.cut(isGone);
    media.cut(isGone);
    windows.cutAfter(microStep);
    while (epochs.length > 0 && epochs.at(-1)!.microStep > microStep) epochs.pop();
  }

  function addWindow(
    lineage: readonly MicroBatchRecord[],
    window: { step: number; samples: number; target: number; loss: number; discarded?: string },
  ): void {
    if (lineage.length === 0) return;
    const [first, last] = [lineage[0]!.microStep, lineage.at(-1)!.microStep];
    windows.add({ ...window, firstMicroStep: first, lastMicroStep: last });
  }

  function log(values: Readonly<Record<string, LogValue>>, file: number, place: EventPlace): void {
    for (const [tag, value] of Object.entries(values)) {
      if (typeof value === 'number') put(tag, value);
      else media.add(tag, kindOf(value), { row, place: { file, ...place } });
    }
  }

  return {
    facts,
    clocks,
    series,
    media,
    windows,
    get story() {
      return { diagnostics, epochs, skipped };
    },
    take(event, file, place) {
      row = clocks.add(event.microStep, event.step, event.samples, event.epoch, event.time);
      switch (event.type) {
        case 'run-start':
          start(event.run);
          break;
        case 'micro-batch':
          if (event.skipped) skipped++;
          if (run === undefined) break;
          batchScalars(event, run, names, put);
          if (run.logAccumBatch) put(names.microLoss, event.loss);
          break;
        case 'accumulated-batch': {
          const { step, windowSamples: samples, accumBatchSize: target, loss } = event;
          addWindow(event.microBatches, { step, samples, target, loss });
          if (run === undefined) break;
          batchScalars(event, run, names, put);
          if (!run.logAccumBatch) put(ACCUMULATED_LOSS, loss);
          break;
        }
        case 'discarded-window': {
          const { microBatches, reason: discarded, step } = event;
          const samples = microBatches.reduce((sum, batch) => sum + batch.samples, 0);
          addWindow(microBatches, { step, samples, target: Number.NaN, loss: Number.NaN, discarded });
          break;
        }
        case 'epoch-end': {
          const { epoch, microStep, step, train, valid = {} } = event;
          epochs.push({ epoch, microStep, step, train, valid });
          for (const metric in valid) put(names.valid(metric), valid[metric]!);
          break;
        }
        case 'log':
          log(event.values, file, place);
          break;
        case 'diagnostic': {
          const { level, code, message, microStep, time } = event;
          if (diagnostics.length < MOST_DIAGNOSTICS) diagnostics.push({ level, code, message, microStep, time });
          break;
        }
        case 'run-end':
          facts.outcome = event.outcome;
          if (event.error !== undefined) facts.error = event.error;
          break;
      }
    },
  };
}

function kindOf(value: Exclude<LogValue, number>): MediaKind {
  return typeof value === 'string' ? 'text' : value.kind;
}
