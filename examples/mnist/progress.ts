import type { EpochEndEvent, MicroBatchEvent, RunStartEvent, TrainEvent } from '@microbatch/core';
import cliProgress from 'cli-progress';
import type { Observable } from 'rxjs';

/** What shows how far training is: a bar on a terminal, plain lines elsewhere. */
interface ProgressView {
  microBatch(event: MicroBatchEvent): void;
  epochEnd(event: EpochEndEvent): void;
  close(): void;
}

/** Shows a run's progress on stdout until its events end. */
export function showProgress(events$: Observable<TrainEvent>): void {
  let view: ProgressView | undefined;
  const close = () => {
    view?.close();
    process.off('exit', close);
  };
  // A bar changes the terminal's settings: also a process that leaves early has to restore them.
  process.on('exit', close);
  events$.subscribe({
    next(event) {
      if (event.type === 'run-start') view = process.stdout.isTTY ? barView(event) : lineView(event);
      else if (event.type === 'micro-batch') view?.microBatch(event);
      else if (event.type === 'epoch-end') view?.epochEnd(event);
    },
    error: close,
    complete: close,
  });
}

function barView({ run }: RunStartEvent): ProgressView {
  const { microBatchesPerEpoch = 0, epochs = 1 } = run.plan;
  let epoch = 1;
  let bar: cliProgress.SingleBar | undefined;
  const close = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    microBatch(event) {
      const payload = state(event);
      if (bar === undefined) {
        const format = `epoch ${epoch}/${epochs} [{bar}] {percentage}%  {state}  {eta_formatted} left`;
        bar = new cliProgress.SingleBar({ format, fps: 5, barsize: 16 }, cliProgress.Presets.rect);
        bar.start(microBatchesPerEpoch, 0, { state: payload });
      }
      bar.increment(1, { state: payload });
    },
    epochEnd(event) {
      close();
      console.log(epochLine(event, epoch, epochs));
      epoch += 1;
    },
    close,
  };
}

function lineView({ run }: RunStartEvent): ProgressView {
  const { microBatchesPerEpoch = 1, epochs = 1 } = run.plan;
  const every = Math.ceil(microBatchesPerEpoch / 10);
  let epoch = 1;
  return {
    microBatch(event) {
      if (event.microStep % every === 0) console.log(`epoch ${epoch}/${epochs}  ${state(event)}`);
    },
    epochEnd(event) {
      console.log(epochLine(event, epoch, epochs));
      epoch += 1;
    },
    close: () => {},
  };
}

function state({ microStep, step, loss, window }: MicroBatchEvent): string {
  return `micro-batch ${microStep}  step ${step}  window of ${window.target}  loss ${loss.toFixed(3)}`;
}

function epochLine({ train, valid }: EpochEndEvent, epoch: number, epochs: number): string {
  const metrics = [
    ...Object.entries(train).map(([name, value]) => `train ${name} ${value.toFixed(4)}`),
    ...Object.entries(valid ?? {}).map(([name, value]) => `test ${name} ${value.toFixed(4)}`),
  ];
  return `epoch ${epoch}/${epochs} done: ${metrics.join(', ')}`;
}
