import { accumulate, gradientAccumulation, type Sink, type TrainEvent, type TrainInput } from '@microbatch/core';
import { memorySink } from '@microbatch/core/logger';
import { from, type Observable } from 'rxjs';

export const batch: TrainInput = { loss: 1, samples: 8 };
export const policy = gradientAccumulation({ accumBatchSize: 8 });
export const quiet = { onDiagnostic: () => {} };

export function runOf(microBatches: number, id = 'run1'): Observable<TrainEvent> {
  return from(Array.from({ length: microBatches }, () => batch)).pipe(
    accumulate(policy, { microBatchSize: 8 }, { id }),
  );
}

/** A memory sink with some methods replaced. */
export function sinkWith(methods: Partial<Sink>, name = 'faulty') {
  const inner = memorySink();
  const { open, write, flush, close } = inner;
  return Object.assign({ open, write, flush, close, ...methods, name, supports: inner.supports }, { inner });
}

/** A promise that the test settles. */
export function gate() {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

export const never = () => new Promise<void>(() => {});
export const total = (dropped: Readonly<Record<string, number>>) =>
  Object.values(dropped).reduce((sum, one) => sum + one, 0);
