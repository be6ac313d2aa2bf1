import type { ScalarFormat } from './encode-event.js';
import type { EventFileError } from './event-file-error.js';
import type { BinningOptions } from './histogram.js';
import type { HParamsOptions } from './hparams.js';
import type { ImageLayout, ImagesLayout } from './pixels.js';
import type { PrCurveOptions } from './pr-curve.js';

/** How a `SummaryWriter` begins. */
export interface SummaryWriterOptions {
  /**
   * The step at which this writer takes over from earlier files in the same folder: TensorBoard hides what those hold
   * from there on. The step of the first value by default, and nothing before there is one; `Number.MAX_SAFE_INTEGER`
   * hides nothing.
   */
  readonly purgeStep?: number;
  /**
   * How scalars are stored: `'simple-value'` (the default) as PyTorch's writer does, in the fewest bytes, or `'tensor'`
   * as `tf.summary.scalar` does. TensorBoard shows the same.
   */
  readonly scalarFormat?: ScalarFormat;
  /**
   * Where given, hears once of each time that a file's disk fails, instead of every call that throws: the program goes on,
   * up to 64 KiB wait in memory, and writing goes on when the disk takes data again. What found no room meanwhile is
   * dropped; an error with the code `'events-dropped'` then tells how many events that were, at the latest at `close`. A
   * file or folder that is deleted is made anew, for what is added from then on. The constructor throws all the same.
   */
  readonly onError?: (error: EventFileError) => void;
}

/** When something was measured. */
export interface WallTimeOption {
  /** Seconds since 1970; now by default. */
  readonly wallTime?: number;
}

/** How `addHistogram` gathers numbers. */
export interface HistogramOptions extends BinningOptions, WallTimeOption {}

/** How `addImage` reads pixels; a PNG file has no layout. */
export interface ImageOptions extends WallTimeOption {
  /** `'HWC'` by default, `'HW'` for two dimensions. */
  readonly layout?: ImageLayout;
}

/** How `addImages` reads pixels and lays the pictures out. */
export interface ImageGridOptions extends WallTimeOption {
  /** `'NHWC'` by default, `'NHW'` for three dimensions. */
  readonly layout?: ImagesLayout;
  /** Pictures in a row, 8 by default. */
  readonly columns?: number;
}

/** How fast `addAudio`'s samples are played. */
export interface AudioOptions extends WallTimeOption {
  /** Samples a second of each channel, 44,100 by default. */
  readonly sampleRate?: number;
}

/** What `addMesh` draws beside the vertices, and how. */
export interface MeshOptions<Input> extends WallTimeOption {
  /** Of shape `[batch, n, 3]`, as the vertices: red, green, blue, integers from 0 to 255. */
  readonly colors?: Input;
  /** Of shape `[batch, m, 3]`: triangles, as indices of vertices. */
  readonly faces?: Input;
  /** Camera, lights and material for three.js: what JSON can hold. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** How `addPrCurve` counts and draws. */
export interface WeightedPrCurveOptions<Input> extends PrCurveOptions, WallTimeOption {
  /** What each example counts for: as many as labels, finite, not negative; 1 by default. */
  readonly weights?: Input;
}

/** What `addHParams` says of a session beside its hyper-parameters and metrics. */
export interface HParamsRowOptions extends HParamsOptions, WallTimeOption {
  /** Where the metrics' points stand, 0 by default. */
  readonly step?: number;
  /** The folder, under `logDir`, of the run that the row shall be. */
  readonly runName?: string;
}
