import { type RestoredState, type SavedState, type StatefulPart, tensorOf } from './stateful-part.js';

/** State of the user's own, which is saved with the training and given back. */
export interface Restorable {
  /** Called between two micro-batches; what it throws makes this checkpoint fail. */
  save(): SavedState;
  /** Called once before a resumed training begins. What it throws makes the run fail. */
  restore(state: RestoredState): void;
}

/** A part that takes back whatever it saved. */
export function restorable(name: string, { save, restore }: Restorable): StatefulPart {
  return {
    name,
    save() {
      const saved = save();
      if (typeof (saved as Partial<PromiseLike<unknown>> | undefined)?.then !== 'function') return saved;
      throw new TypeError(`${name}: save() returned a promise, and must return { data, tensors } at once`);
    },
    restore:
      ({ data, tensors }) =>
      () =>
        restore({ data, tensors: Object.fromEntries(tensors.map((tensor) => [tensor.name, tensorOf(tensor)])) }),
  };
}
