import type { TrainEvent } from '@microbatch/core/logger';

/** What a run's notices say of logged values that are not where they should be. */
export interface Excuses {
  take(event: TrainEvent): void;
  isExcused(key: string): boolean;
}

/**
 * A logger that can't hold a value says so, by name (`value-dropped`); W&B's says that a row was closed before a value came
 * (`row-closed`), as after a `flush()`. Both are in the journal, as diagnostics.
 */
export function createExcuses(): Excuses {
  const dropped = new Set<string>();
  let isRowClosed = false;
  return {
    take(event) {
      if (event.type !== 'diagnostic') return;
      if (event.code === 'row-closed') isRowClosed = true;
      if (event.code !== 'value-dropped') return;
      const [name] = /^"(?:[^"\\]|\\.)*"/.exec(event.message) ?? [];
      if (name !== undefined) dropped.add(JSON.parse(name) as string);
    },
    isExcused: (key) => isRowClosed || dropped.has(key),
  };
}
