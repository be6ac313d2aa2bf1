import { NumberColumn } from './columns.js';

/** Which micro-batches made one optimizer step, or were given up. */
export interface Window {
  /** The optimizer step; of a discarded window, the step before it. */
  readonly step: number;
  readonly firstMicroStep: number;
  readonly lastMicroStep: number;
  readonly samples: number;
  /** In samples. */
  readonly target: number;
  readonly loss: number;
  /** Why it was given up; absent where it made its step. */
  readonly discarded?: string;
}

/** The windows of a run in order. */
export class WindowTable {
  readonly #step = new NumberColumn();
  readonly #first = new NumberColumn();
  readonly #last = new NumberColumn();
  readonly #samples = new NumberColumn();
  readonly #target = new NumberColumn();
  readonly #loss = new NumberColumn();
  readonly #discarded = new Map<number, string>();

  get length(): number {
    return this.#step.length;
  }

  add(window: Window): void {
    if (window.discarded !== undefined) this.#discarded.set(this.length, window.discarded);
    this.#step.push(window.step);
    this.#first.push(window.firstMicroStep);
    this.#last.push(window.lastMicroStep);
    this.#samples.push(window.samples);
    this.#target.push(window.target);
    this.#loss.push(window.loss);
  }

  at(index: number): Window {
    const discarded = this.#discarded.get(index);
    return {
      step: this.#step.values[index]!,
      firstMicroStep: this.#first.values[index]!,
      lastMicroStep: this.#last.values[index]!,
      samples: this.#samples.values[index]!,
      target: this.#target.values[index]!,
      loss: this.#loss.values[index]!,
      ...(discarded === undefined ? {} : { discarded }),
    };
  }

  /** The indices `[from, to)` of the windows that hold a micro-batch of `[firstMicroStep, lastMicroStep]`. */
  between(firstMicroStep: number, lastMicroStep: number): readonly [from: number, to: number] {
    return [
      this.#search((index) => this.#last.values[index]! >= firstMicroStep),
      this.#search((index) => this.#first.values[index]! > lastMicroStep),
    ];
  }

  /** Takes away the windows that end behind `microStep`. */
  cutAfter(microStep: number): void {
    const length = this.#search((index) => this.#last.values[index]! > microStep);
    for (const column of [this.#step, this.#first, this.#last, this.#samples, this.#target, this.#loss]) {
      column.length = length;
    }
    for (const index of this.#discarded.keys()) if (index >= length) this.#discarded.delete(index);
  }

  /** The first index of which `isBehind` says true; windows are in order, so all later ones are. */
  #search(isBehind: (index: number) => boolean): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBehind(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
