import type { RunInfo, Sink, TrainEvent } from '@microbatch/core/logger';
import { runOf } from '@microbatch/core/testing';
import { journalSink } from '@microbatch/logger-journal';
import { tensorboardSink } from '@microbatch/logger-tensorboard';
import { wandbSink } from '@microbatch/logger-wandb';

/** Which loggers write a run. */
export type Kind = 'journal' | 'wandb' | 'tensorboard';

/** A run that is being written. */
export interface RunWriter {
  write(events: readonly TrainEvent[]): void;
  close(): void;
}

const SINKS: Readonly<Record<Kind, (dir: string) => Sink>> = {
  journal: (dir) => journalSink({ dir }),
  wandb: (dir) => wandbSink({ dir, mode: 'offline', quiet: true }),
  tensorboard: (dir) => tensorboardSink({ logDir: dir }),
};

const ALL_KINDS: readonly Kind[] = ['journal', 'wandb', 'tensorboard'];

/** Begins to write a run into a folder; what is written is on the disk. */
export function openRun(dir: string, run: RunInfo, kinds: readonly Kind[] = ALL_KINDS): RunWriter {
  const sinks = kinds.map((kind) => SINKS[kind](dir));
  for (const sink of sinks) sink.open(run);
  return {
    write(events) {
      for (const sink of sinks) {
        sink.write(events);
        sink.flush();
      }
    },
    close() {
      for (const sink of sinks) sink.close('finished');
    },
  };
}

/** Writes a whole run into a folder. */
export function writeRun(dir: string, events: readonly TrainEvent[], kinds: readonly Kind[] = ALL_KINDS): void {
  const writer = openRun(dir, runOf(events), kinds);
  writer.write(events);
  writer.close();
}
