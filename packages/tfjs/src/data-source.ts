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
  /** Begins the epoch with this index. */
  open(epoch: number): BatchIterator<B> | Promise<BatchIterator<B>>;
  /** Gives a batch back: disposes its tensors where this source owns them. */
  release(batch: B): void;
}
