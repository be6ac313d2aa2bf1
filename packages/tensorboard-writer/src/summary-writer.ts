import { resolve } from 'node:path';
import {
  assertNumber,
  assertNumbersByName,
  assertOptions,
  assertPath,
  assertStep,
  assertTag,
  assertWallTime,
} from './arguments.js';
import { encodeAudio } from './audio.js';
import { type CustomScalarLayout, type CustomScalarOptions, encodeCustomScalars } from './custom-scalars.js';
import type { EventFile } from './event-file.js';
import { EventFileError } from './event-file-error.js';
import { encodeGraph } from './graph.js';
import type { GraphModel } from './graph-model.js';
import { encodeHistogram } from './histogram.js';
import { type HistogramCounts, isHistogramCounts } from './histogram-counts.js';
import type { HParamValue } from './hparam-value.js';
import {
  encodeHParams,
  encodeHParamsEnd,
  encodeHParamsStart,
  type HParamsSessionOptions,
  type HParamsStatus,
} from './hparams.js';
import { encodeImage, encodeImageGrid, encodePng } from './image.js';
import { encodeMesh } from './mesh.js';
import { type DenseArray, type NumericArray, type NumericInput, readInputs, type TensorLike } from './numeric-input.js';
import {
  assertPlace,
  assertTime,
  assertWriterOptions,
  EMBEDDING_OPTIONS,
  HPARAMS_OPTIONS,
  type Place,
  SESSION_OPTIONS,
} from './option-checks.js';
import { encodePrCurve } from './pr-curve.js';
import { type EmbeddingOptions, writeEmbedding } from './projector.js';
import { createRunFiles, type RunFiles } from './run-files.js';
import { assertFoldersDiffer, subRunFolder } from './sub-run-folder.js';
import type {
  AudioOptions,
  HistogramOptions,
  HParamsRowOptions,
  ImageGridOptions,
  ImageOptions,
  MeshOptions,
  SummaryWriterOptions,
  WallTimeOption,
  WeightedPrCurveOptions,
} from './summary-options.js';
import { encodeText } from './text.js';

/**
 * Writes one TensorBoard run: an event file of its own in `logDir`, which is created where it is missing.
 *
 * Every method is synchronous, except that one which is given a tensor returns a promise: of the tensor's numbers being
 * added, to be awaited before `close`. A call hands what waits to the operating system once the last such write is 250 ms old,
 * or 64 KiB wait; a timer and an exit hook write what calls left. Misuse throws a `TypeError` or `RangeError` and writes
 * nothing; a disk that fails throws an `EventFileError`, unless `onError` is given, and the next call tries again.
 */
export class SummaryWriter {
  /** The run's folder, absolute. */
  readonly logDir: string;
  readonly #files: RunFiles;
  readonly #file: EventFile;
  readonly #options: SummaryWriterOptions;
  // The folders of runs that have their row in the hparams table.
  readonly #hparamsRows = new Set<string>();
  // Settles when the tensors of all calls so far are read and added.
  #reading: Promise<void> = Promise.resolve();

  constructor(logDir: string, options: SummaryWriterOptions = {}) {
    assertPath('logDir', logDir, 'a folder');
    assertWriterOptions(options);
    this.logDir = resolve(logDir);
    this.#options = options;
    this.#files = createRunFiles(this.logDir, options);
    this.#file = this.#files.main;
  }

  /** The event file's path. */
  get path(): string {
    return this.#file.path;
  }

  /**
   * Adds a point to the chart `tag`. `step` is an integer from 0, `wallTime` is in seconds since 1970 (now by default).
   * TensorBoard holds `value` as a 32-bit float; NaN and ±Infinity are kept.
   */
  addScalar(tag: string, value: number, step = 0, wallTime?: number): void {
    assertTag('tag', tag);
    assertNumber('value', value);
    assertStep('step', step);
    if (wallTime !== undefined) assertWallTime('wallTime', wallTime);
    this.#file.assertWritable();
    this.#file.scalar(tag, value, step, wallTime);
  }

  /**
   * Adds a point to each of several curves in the one chart `mainTag`: each curve is a run of its own, in the folder
   * `<mainTag>_<key>` under `logDir`.
   */
  addScalars(mainTag: string, tagScalars: Readonly<Record<string, number>>, step = 0, wallTime?: number): void {
    assertTag('mainTag', mainTag);
    assertStep('step', step);
    if (wallTime !== undefined) assertWallTime('wallTime', wallTime);
    assertNumbersByName('tagScalars', tagScalars);
    const scalars = Object.entries(tagScalars);
    assertFoldersDiffer(mainTag, Object.keys(tagScalars));
    this.#file.assertWritable();
    // All files before the first value, so that a failure leaves no half of the point behind.
    const files = scalars.map(([key]) => this.#files.below(`${mainTag}_${key}`));
    for (const file of files) file.assertWritable();
    for (const [i, file] of files.entries()) file.scalar(mainTag, scalars[i]![1], step, wallTime);
  }

  /**
   * Adds a distribution. `values` are raw numbers of any shape, a tensor, or counts between edges.
   *
   * `binning: 'tensorflow'` (the default) makes `buckets` (30) of equal width, as `tf.summary.histogram`;
   * `'pytorch'` stores the finer, exponential bins of PyTorch's writer.
   */
  addHistogram(
    tag: string,
    values: NumericArray | DenseArray | HistogramCounts,
    step?: number,
    options?: HistogramOptions,
  ): void;
  addHistogram(tag: string, values: TensorLike, step?: number, options?: HistogramOptions): Promise<void>;
  addHistogram(
    tag: string,
    values: NumericInput | HistogramCounts,
    step = 0,
    options: HistogramOptions = {},
  ): void | Promise<void> {
    assertOptions(options, { binning: true, buckets: true, wallTime: true });
    if (isHistogramCounts(values))
      return this.#add({ tag, step, options }, () => encodeHistogram(tag, values, options));
    return this.#addRead({ tag, step, options }, { values }, {}, ({ values }) => encodeHistogram(tag, values, options));
  }

  /**
   * Adds a picture: the bytes of a PNG file, or pixels of shape `[height, width, channels]` (`layout: 'HWC'`, the
   * default), `'CHW'` or `'HW'` (the default for two dimensions), with 1 to 4 channels.
   *
   * Integers are levels from 0 to 255. Floats and truth values are fractions: they are rounded to the nearest level and
   * clamped, NaN is black. A tensor's `dtype` decides, else the kind of array. Plain arrays hold fractions, and are
   * refused with a number above 1 or below 0.
   */
  addImage(tag: string, image: Uint8Array | DenseArray, step?: number, options?: ImageOptions): void;
  addImage(tag: string, image: TensorLike, step?: number, options?: ImageOptions): Promise<void>;
  addImage(
    tag: string,
    image: Uint8Array | DenseArray | TensorLike,
    step = 0,
    options: ImageOptions = {},
  ): void | Promise<void> {
    assertOptions(options, { layout: true, wallTime: true });
    if (image instanceof Uint8Array) return this.#add({ tag, step, options }, () => encodePng(tag, image));
    return this.#addRead({ tag, step, options }, { image }, {}, ({ image }) => encodeImage(tag, image, options.layout));
  }

  /** Adds one picture that shows several, of shape `[n, height, width, channels]` (`'NHWC'`, the default), `'NCHW'` or `'NHW'`, in a grid of `columns` (8). Numbers mean what they mean to `addImage`. */
  addImages(tag: string, images: DenseArray, step?: number, options?: ImageGridOptions): void;
  addImages(tag: string, images: TensorLike, step?: number, options?: ImageGridOptions): Promise<void>;
  addImages(
    tag: string,
    images: DenseArray | TensorLike,
    step = 0,
    options: ImageGridOptions = {},
  ): void | Promise<void> {
    assertOptions(options, { layout: true, columns: true, wallTime: true });
    return this.#addRead({ tag, step, options }, { images }, {}, ({ images }) => encodeImageGrid(tag, images, options));
  }

  /** Adds text, shown as Markdown. */
  addText(tag: string, text: string, step = 0, options: WallTimeOption = {}): void {
    assertOptions(options, { wallTime: true });
    this.#add({ tag, step, options }, () => encodeText(tag, text));
  }

  /**
   * Adds a sound: samples from -1 to 1, of shape `[n]` or `[n, channels]`, stored as 16-bit WAV. Others are clamped, NaN
   * is silence; an `Int16Array` is stored as it is. `sampleRate` is in samples a second, 44,100 by default.
   */
  addAudio(tag: string, samples: NumericArray | DenseArray, step?: number, options?: AudioOptions): void;
  addAudio(tag: string, samples: TensorLike, step?: number, options?: AudioOptions): Promise<void>;
  addAudio(tag: string, samples: NumericInput, step = 0, options: AudioOptions = {}): void | Promise<void> {
    assertOptions(options, { sampleRate: true, wallTime: true });
    return this.#addRead({ tag, step, options }, { samples }, {}, ({ samples }) =>
      encodeAudio(tag, samples, options.sampleRate ?? 44_100),
    );
  }

  /**
   * Adds a precision-recall curve of binary `labels` (0 or 1) and `predictions` (from 0 to 1) of equal length, at
   * `thresholds` (127) evenly spaced thresholds. `weights` says what each example counts for.
   */
  addPrCurve(
    tag: string,
    labels: NumericArray | DenseArray,
    predictions: NumericArray | DenseArray,
    step?: number,
    options?: WeightedPrCurveOptions<NumericArray | DenseArray>,
  ): void;
  addPrCurve(
    tag: string,
    labels: NumericInput,
    predictions: NumericInput,
    step?: number,
    options?: WeightedPrCurveOptions<NumericInput>,
  ): void | Promise<void>;
  addPrCurve(
    tag: string,
    labels: NumericInput,
    predictions: NumericInput,
    step = 0,
    options: WeightedPrCurveOptions<NumericInput> = {},
  ): void | Promise<void> {
    assertOptions(options, { thresholds: true, weights: true, wallTime: true });
    const { weights } = options;
    return this.#addRead(
      { tag, step, options },
      { labels, predictions },
      { weights },
      ({ labels, predictions, weights }) => encodePrCurve(tag, labels, predictions, weights, options),
    );
  }

  /**
   * Adds meshes or point clouds: `vertices` of shape `[batch, n, 3]`, `colors` `[batch, n, 3]` from 0 to 255, `faces`
   * `[batch, m, 3]`, indices of vertices. `config` is what three.js gets: camera, lights, material.
   */
  addMesh(tag: string, vertices: DenseArray, step?: number, options?: MeshOptions<DenseArray>): void;
  addMesh(
    tag: string,
    vertices: DenseArray | TensorLike,
    step?: number,
    options?: MeshOptions<DenseArray | TensorLike>,
  ): void | Promise<void>;
  addMesh(
    tag: string,
    vertices: DenseArray | TensorLike,
    step = 0,
    options: MeshOptions<DenseArray | TensorLike> = {},
  ): void | Promise<void> {
    assertOptions(options, { colors: true, faces: true, config: true, wallTime: true });
    const { colors, faces, config } = options;
    return this.#addRead({ tag, step, options }, { vertices }, { colors, faces }, ({ vertices, colors, faces }) =>
      encodeMesh(tag, { vertices, colors, faces }, config),
    );
  }

  /**
   * Adds a row to the hparams table: what this run was configured with, and its results. Each metric is also added as a
   * scalar, from which TensorBoard reads it. With `runName` the row is a run of its own, in that folder under `logDir`.
   */
  addHParams(
    hparams: Readonly<Record<string, HParamValue>>,
    metrics: Readonly<Record<string, number>>,
    options: HParamsRowOptions = {},
  ): void {
    assertOptions(options, HPARAMS_OPTIONS);
    const { step = 0, runName } = options;
    assertTime(step, options);
    if (runName !== undefined) assertTag('runName', runName);
    const payloads = encodeHParams(hparams, metrics, options);
    const row = runName === undefined ? '' : subRunFolder(runName);
    if (this.#hparamsRows.has(row)) {
      throw new RangeError(`runName must be another for each row, not ${runName} again`);
    }
    this.#file.assertWritable();
    const file = runName === undefined ? this.#file : this.#files.below(runName);
    this.#hparamsRows.add(row);
    for (const [name, value] of Object.entries(metrics)) file.scalar(name, value, step, options.wallTime);
    for (const payload of payloads) file.describe(payload, options.wallTime);
  }

  /**
   * Adds this run to the hparams table when it begins: with what it was configured. TensorBoard makes columns of all
   * runs' hyper-parameters and scalars, unless one of them called `addHParams`: then its columns are those of all.
   */
  addHParamsStart(
    hparams: Readonly<Record<string, HParamValue>>,
    options: HParamsSessionOptions & WallTimeOption = {},
  ): void {
    assertOptions(options, SESSION_OPTIONS);
    this.#describe(options, () => encodeHParamsStart(hparams, options));
  }

  /** Tells the hparams table how the run ended. `endTime` is in seconds since 1970. TensorBoard keeps the first that a folder holds. */
  addHParamsEnd(status: HParamsStatus, options: { readonly endTime?: number } & WallTimeOption = {}): void {
    assertOptions(options, { endTime: true, wallTime: true });
    this.#describe(options, () => encodeHParamsEnd(status, options.endTime));
  }

  /** Says how the custom scalars page combines tags into charts. */
  addCustomScalars(layout: CustomScalarLayout, options: CustomScalarOptions & WallTimeOption = {}): void {
    assertOptions(options, { closed: true, wallTime: true });
    this.#describe(options, () => encodeCustomScalars(layout, options));
  }

  /**
   * Adds the rows of `matrix`, of shape `[n, dimensions]`, to the projector, in files beside the event file, durably.
   * `labelImages` are shown in place of points: as many pictures of one size, whose numbers mean what they mean to
   * `addImage`. TensorBoard reads its list of embeddings when it starts or sees a new run.
   */
  addEmbedding(matrix: DenseArray, options?: EmbeddingOptions & { readonly labelImages?: DenseArray }): void;
  addEmbedding(
    matrix: DenseArray | TensorLike,
    options?: EmbeddingOptions & { readonly labelImages?: DenseArray | TensorLike },
  ): void | Promise<void>;
  addEmbedding(
    matrix: DenseArray | TensorLike,
    options: EmbeddingOptions & { readonly labelImages?: DenseArray | TensorLike } = {},
  ): void | Promise<void> {
    assertOptions(options, EMBEDDING_OPTIONS);
    this.#file.assertWritable();
    const { labelImages } = options;
    return readInputs({ matrix }, { labelImages }, ({ matrix, labelImages }) => {
      this.#file.assertWritable();
      try {
        writeEmbedding(this.logDir, matrix, labelImages, options);
      } catch (error) {
        if (this.#options.onError === undefined || !(error instanceof EventFileError)) throw error;
        this.#options.onError(error);
      }
    });
  }

  /** Adds the graph of a `tf.LayersModel`: its layers, and which feeds which. */
  addGraph(model: GraphModel, options: WallTimeOption = {}): void {
    assertOptions(options, { wallTime: true });
    this.#describe(options, () => encodeGraph(model));
  }

  /** Makes everything that was added durable (fsync). */
  flush(): void {
    this.#files.flush();
  }

  /** Flushes and lets the files go, also where that throws. Idempotent; after it, every other method throws. */
  close(): void {
    this.#files.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits for tensors that are being read, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reading;
    this.close();
  }

  #add(place: Place, encode: () => Uint8Array): void {
    assertPlace(place);
    this.#file.assertWritable();
    this.#file.event(encode(), place.step, place.options.wallTime);
  }

  #describe(options: WallTimeOption, encode: () => Uint8Array): void {
    assertTime(0, options);
    this.#file.describe(encode(), options.wallTime);
  }

  /** Adds what `encode` makes of numbers, when they are there and those of earlier calls are added. The wall time is that of the call. */
  #addRead<const Name extends string, const Optional extends string>(
    place: Place,
    inputs: Readonly<Record<Name, NumericInput>>,
    optional: Readonly<Record<Optional, NumericInput | undefined>>,
    encode: (arrays: Readonly<Record<Name, DenseArray> & Record<Optional, DenseArray | undefined>>) => Uint8Array,
  ): void | Promise<void> {
    assertPlace(place);
    this.#file.assertWritable();
    const { step, options } = place;
    const wallTime = options.wallTime ?? Date.now() / 1000;
    const add = (arrays: Parameters<typeof encode>[0]) => this.#file.event(encode(arrays), step, wallTime);
    const forget = this.#file.expect(step);
    try {
      const added = readInputs(inputs, optional, add, this.#reading);
      if (added === undefined) forget();
      else this.#reading = added.then(forget, forget);
      return added;
    } catch (error) {
      forget();
      throw error;
    }
  }
}
