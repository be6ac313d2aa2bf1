/** Where an epoch's batches come from. */
export type BatchIterator<B> = Iterator<B> | AsyncIterator<B>;

/** Data of any kind, as the training loop and validation read it. */
export interface DataSource<B> {
  /** Samples in one batch, nominally, where known. */
  readonly microBatchSize?: number;
  /** Batches in an epoch, where known. */
  readonly microBatchesPerEpoch?: number;
  /** Samples in an epoch, where known exactly: all batches but the last then have `microBatchSize`. */
  readonly samplesPerEpoch?: number;
  /** Whether an epoch can begin anywhere; else whoever begins it in its midst reads and gives back what goes before. */
  readonly seeks?: boolean;
  /** Begins the epoch with this index: at its batch `from`, counted from 0, where the source `seeks`; else at its first. */
  open(epoch: number, from?: number): BatchIterator<B> | Promise<BatchIterator<B>>;
  /** Gives a batch back: disposes its tensors where this source owns them. */
  release(batch: B): void;
}
