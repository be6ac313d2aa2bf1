import * as tf from '@tensorflow/tfjs';
import { onFitEnd } from './fit-end.js';
import type { FitParams } from './fit-params.js';
import type { FitSession } from './fit-session.js';
import type { FitLogs } from './fit-validation.js';

export interface FitCallbackParts {
  /** What the model has to be compiled with. */
  readonly optimizer: tf.Optimizer;
  begin(model: tf.LayersModel, params: FitParams): FitSession;
  /** A fit begins: what else was under way ends. */
  beforeFit(): Promise<void>;
  /** A fit is over, or was refused, that trained no batch. */
  withoutRun(): void;
}

/** The callback of an accumulating optimizer: a session for each fit that has it. */
export class FitCallback extends tf.Callback {
  readonly #parts: FitCallbackParts;
  #session: FitSession | undefined;
  #error: unknown;

  constructor(parts: FitCallbackParts) {
    super();
    this.#parts = parts;
  }

  /** The fit under way. */
  get session(): FitSession | undefined {
    return this.#session;
  }

  override setParams(params: tf.Callback['params']): void {
    if (this.#session !== undefined) {
      throw new Error('fit: another fit has this callback and is under way; call accumulateGradients() for each model');
    }
    super.setParams(params);
  }

  override setModel(model: Parameters<tf.Callback['setModel']>[0]): void {
    if (this.#session !== undefined) throw new Error('fit: this callback stands twice in the list of callbacks');
    super.setModel(model);
    if (this.model.optimizer !== this.#parts.optimizer) {
      this.#parts.withoutRun();
      throw new TypeError(
        'fit: the model is compiled with another optimizer than the one that accumulateGradients() returned with this callback',
      );
    }
    const session = this.#parts.begin(this.model, this.params as unknown as FitParams);
    onFitEnd(this.model, () => {
      session.end(this.#error);
      if (!session.hasRun) this.#parts.withoutRun();
      this.#session = undefined;
      this.#error = undefined;
    });
    this.#session = session;
  }

  /** What the optimizer does in this fit. */
  minimize(f: () => tf.Scalar, list: readonly tf.Variable[] | undefined): tf.Scalar {
    try {
      return this.#session!.minimize(f, list);
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }

  override async onTrainBegin(): Promise<void> {
    if (!(#parts in this)) {
      throw new Error(
        'fit: tfjs takes a tf.Callback only where the list of callbacks begins with one; give it withCallbacks(...), which mixes all kinds',
      );
    }
    await this.#hook(() => this.#parts.beforeFit());
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    this.#session!.onEpochBegin(epoch);
  }

  override async onBatchBegin(_batch: number, logs: FitLogs = {}): Promise<void> {
    await this.#hook((session) => session.onBatchBegin(logs));
  }

  override async onBatchEnd(_batch: number, logs: FitLogs = {}): Promise<void> {
    await this.#hook((session) => session.onBatchEnd(logs));
  }

  override async onEpochEnd(_epoch: number, logs: FitLogs = {}): Promise<void> {
    await this.#hook((session) => session.onEpochEnd(logs));
  }

  override async onTrainEnd(): Promise<void> {
    await this.#hook((session) => session.onTrainEnd());
  }

  async #hook(work: (session: FitSession) => Promise<void>): Promise<void> {
    try {
      await work(this.#session!);
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }
}
