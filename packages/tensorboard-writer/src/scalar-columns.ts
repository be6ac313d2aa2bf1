import { Column } from './column.js';
import { EventValues } from './event-values.js';

/** The points of one tag. */
export class SeriesColumns {
  readonly steps: Column = new Column();
  readonly values: Column = new Column();
  readonly wallTimes: Column = new Column();

  add(step: number, value: number, wallTime: number): void {
    this.steps.push(step);
    this.values.push(value);
    this.wallTimes.push(wallTime);
  }
}

/** Collects a run's scalars. */
export class ScalarColumns {
  readonly byTag: Map<string, SeriesColumns> = new Map();
  /** Points left out because their step is beyond ±(2^53 - 1). */
  unsafeSteps = 0;
  readonly #values: EventValues = new EventValues({
    scalars: (tag) => {
      const columns = new SeriesColumns();
      this.byTag.set(tag, columns);
      return columns;
    },
    unsafeStep: () => {
      this.unsafeSteps++;
    },
  });

  /** Adds the scalars of `bytes[start, end)`, an Event message. Throws a `MalformedError`. */
  add(bytes: Buffer, view: DataView, start: number, end: number): void {
    this.#values.tell(bytes, view, start, end);
  }
}
