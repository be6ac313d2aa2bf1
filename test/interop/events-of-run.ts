import {
  type AccumulationPolicy,
  accumulate,
  createAccumulator,
  type RunInfo,
  type TrainEvent,
  type TrainInput,
} from '@microbatch/core';
import { from, lastValueFrom, toArray } from 'rxjs';

const MICRO_BATCH_SIZE = 8;

/** Numbers that files and tools tend to break. */
const AWKWARD = [-0, Number.NaN, Infinity, -Infinity, 1 / 3, 5e-324, 1e39, -1.7976931348623157e308, 0.1 + 0.2];

const RUN = {
  id: 'interop',
  name: 'größer – 実行 😀',
  project: 'interop',
  tags: ['eins', 'ünï', '標識'],
  config: { lr: 1e-3, 'a.b/c': { deep: [1, null, { x: 'ü"\\' }] }, 设置: true },
};

/** The run that events are about. */
export function runOf(events: readonly TrainEvent[]): RunInfo {
  const [first] = events;
  if (first?.type !== 'run-start') throw new TypeError('events begin with run-start');
  return first.run;
}

/** The events of a run of two epochs with awkward losses, unicode names, validation and the user's own values. */
export function eventsOfRun(policy: AccumulationPolicy, microBatches: number): Promise<TrainEvent[]> {
  const plan = { microBatchSize: MICRO_BATCH_SIZE, microBatchesPerEpoch: microBatches / 2, epochs: 2 };
  return lastValueFrom(from(inputs(microBatches)).pipe(accumulate(policy, plan, RUN), toArray()));
}

/** The events of a run that fails within its second window, before it trained all of its micro-batches. */
export async function eventsOfFailedRun(policy: AccumulationPolicy): Promise<TrainEvent[]> {
  const accumulator = createAccumulator(policy, { microBatchSize: MICRO_BATCH_SIZE }, { run: RUN });
  const events = [...accumulator.start()];
  for (const input of [lossOf(0), lossOf(1), lossOf(2)]) {
    const { events: more, window } = accumulator.next(input);
    events.push(...more, ...(window === 'full' ? accumulator.applied() : []));
  }
  return [...events, ...accumulator.end('failed', 'out of memory')];
}

/**
 * The events of a run that fails after 40 micro-batches, and of the one that takes over from its snapshot of micro-batch
 * 25 with other losses, up to micro-batch 60.
 */
export function eventsOfResumedRun(policy: AccumulationPolicy): { failed: TrainEvent[]; resumed: TrainEvent[] } {
  const plan = { microBatchSize: MICRO_BATCH_SIZE, microBatchesPerEpoch: 60, epochs: 1 };
  let accumulator = createAccumulator(policy, plan, { run: RUN });
  let snapshot = '';
  const train = (events: TrainEvent[], from: number, to: number, lossAt: (index: number) => number) => {
    for (let index = from; index < to; index++) {
      const { events: more, window } = accumulator.next({ ...lossOf(index), loss: lossAt(index) });
      events.push(...more, ...(window === 'full' ? accumulator.applied() : []));
      if (index === 24) snapshot = JSON.stringify(accumulator.snapshot());
    }
  };

  const failed = [...accumulator.start()];
  train(failed, 0, 40, (index) => index);
  failed.push(...accumulator.end('failed', 'lost power'));

  accumulator = createAccumulator(policy, plan, { snapshot: JSON.parse(snapshot) });
  const resumed = [...accumulator.start()];
  train(resumed, 25, 60, (index) => -index);
  resumed.push(...accumulator.endEpoch({ loss: 0.5 }), ...accumulator.end());
  return { failed, resumed };
}

function* inputs(microBatches: number): Generator<TrainInput> {
  yield { type: 'log', values: { 'vorher/π': 3, 'a.b/c': 2 } };
  for (let index = 0; index < microBatches; index++) {
    yield lossOf(index, Math.floor(microBatches / 4));
    if (index === 3) {
      const histogram = { kind: 'histogram', counts: [1, 0, 3], edges: [0, 0.5, 1, 1.5] } as const;
      yield { type: 'log', values: { 'größe/π 😀': 1 / 3, 'plain text': 'grüße 😀\n"', histogram } };
    }
    if ((index + 1) % (microBatches / 2) === 0) {
      yield { type: 'epoch-end', valid: { loss: 1 / (index + 1), 正確さ: Number.NaN } };
    }
  }
}

/** From micro-batch `awkwardFrom` on, every other loss is an awkward one, until there are no more. */
function lossOf(index: number, awkwardFrom = Number.POSITIVE_INFINITY) {
  const awkward = (index - awkwardFrom) % 2 === 0 ? AWKWARD[(index - awkwardFrom) / 2] : undefined;
  return {
    loss: awkward ?? Math.sin(index) * 10 + index / 7,
    samples: MICRO_BATCH_SIZE,
    metrics: { '精度 ü': Math.cos(index) },
    learningRate: 1 / (index + 1),
  };
}
