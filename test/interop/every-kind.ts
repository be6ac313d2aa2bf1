import { crc32, deflateSync } from 'node:zlib';
import { input, layers, model } from '@tensorflow/tfjs';
import type { SummaryWriter } from 'tensorboard-writer';
import { expect } from 'vitest';

/** Seconds since 1970: of what is added without a step. */
export const WALL_TIME = 1e9 + 1 / 8;

/** What a writer is told of one kind of summary, and what TensorBoard must read. */
export interface Kind {
  write(writer: SummaryWriter): void;
  /** As read_kinds.py prints it. */
  readonly expected: unknown;
  /** Where the server's answers are of another form. */
  readonly served?: unknown;
}

// A run's tag belongs to one kind only: others put their own name before this.
const UNICODE = 'größe/精度 😀 a=b&c';
// TensorBoard's fast data server finds no picture and no sound by a tag with quotes or backslashes.
const QUOTED = `${UNICODE} "quoted" \\ back`;
const at = (step: number) => ({ wallTime: WALL_TIME + step });
const point = (step: number, value: unknown) => [WALL_TIME + step, step, value];

const SCALARS = [0.1, Number.NaN, Infinity, -Infinity, -0, 1e39, 3.4028234663852886e38, 1e-45];

const HISTOGRAM_ROWS = [
  [0, 1, 2],
  [1, 2, 2],
  [2, 3, 0],
  [3, 4, 1],
];
const THIRTY = Array.from({ length: 31 }, (_, value) => value);

const POSITIVE_EDGES: number[] = [];
for (let edge = 1e-12; edge < 1e20; edge *= 1.1) POSITIVE_EDGES.push(edge);
// The least is an edge: TensorBoard's loaders differ in what they show as the left end of the first bin.
const SPREAD = [-POSITIVE_EDGES[297]!, 0.11, 0.5, 3.3, 3.4];

/** The values of `SPREAD` in PyTorch's bins, each 10 % wider than the one nearer to 0, from the least to the largest value. */
function exponentialRows(): number[][] {
  const edges = [...POSITIVE_EDGES.map((edge) => -edge).reverse(), 0, ...POSITIVE_EDGES];
  const rows = edges.slice(1).map((right, index) => {
    const left = edges[index]!;
    return [left, right, SPREAD.filter((value) => left <= value && value < right).length];
  });
  const filled = (row: readonly number[]) => row[2]! > 0;
  const kept = rows.slice(rows.findIndex(filled), rows.findLastIndex(filled) + 1);
  kept.at(-1)![1] = SPREAD.at(-1)!;
  return kept.map((row) => row.map(Math.fround));
}

const RGB = { shape: [2, 3, 3], pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 127, 128, 129, 254, 253, 252] };
const PLANES = [0, 0.2, 0.4, 0.6, 0.8, 1, 0.2, 0, 1, 1, 0, 0.4];

/** A PNG file of 8-bit grey pixels. */
function pngOf(width: number, height: number, pixels: readonly number[]): Uint8Array {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, 0, 0, 0, 0]);
  const lines = Array.from({ length: height }, (_, y) => [0, ...pixels.slice(y * width, (y + 1) * width)]);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const data = deflateSync(Buffer.from(lines.flat()));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

const LABELS = [0, 0, 1, 1, 1, 0, 1];
const PREDICTIONS = [0.05, 0.3, 0.35, 0.6, 0.97, 0.7, 1];
const WEIGHTS = [1, 2, 3, 1, 1, 4, 2];

/** True and false positives, true and false negatives, precision and recall at each threshold, by counting. */
function curve(thresholds: number, weights: readonly number[]): number[][] {
  const rows: number[][] = [[], [], [], [], [], []];
  for (let threshold = 0; threshold < thresholds; threshold++) {
    const [tp, fp, tn, fn] = [
      [1, true],
      [0, true],
      [0, false],
      [1, false],
    ].map(([label, positive]) =>
      LABELS.reduce((sum, other, index) => {
        const isPositive = PREDICTIONS[index]! * (thresholds - 1) >= threshold;
        return sum + (other === label && isPositive === positive ? weights[index]! : 0);
      }, 0),
    ) as [number, number, number, number];
    const ratios = [tp / Math.max(1e-7, tp + fp), tp / Math.max(1e-7, tp + fn)].map(Math.fround);
    for (const [row, value] of [tp, fp, tn, fn, ...ratios].entries()) rows[row]!.push(value);
  }
  return rows;
}

const VERTICES = [0, 0, 0, 1, 0, 0, 0, 1.5, 0, 0, 0, -2.25];
const COLORS = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3];
const FACES = [0, 1, 2, 0, 2, 3];
const CONFIG = { camera: { cls: 'PerspectiveCamera', fov: 75 } };
const rowsOf = (numbers: readonly number[], length = 3) =>
  Array.from({ length: numbers.length / length }, (_, row) => numbers.slice(row * length, (row + 1) * length));

const HPARAMS = { 'lr/größe': 0.001, optimizer: 'ädam', nesterov: false, layers: 3 };

const servedMetric = (tag: string, value: unknown) => ({
  name: { tag, group: '' },
  value,
  wallTimeSecs: WALL_TIME,
  trainingStep: 0,
});

const MATRIX = [0.5, -1, 2, 1 / 3, 1e-20, 4];

const CHARTS = [
  { title: 'Größe', multiline: { tag: ['train/.*', UNICODE] } },
  { title: 'Rand', margin: { series: [{ value: 'train/loss', lower: 'train/low', upper: 'train/high' }] } },
];

/** Two inputs, of which one passes a layer, into one output. */
function makeModel() {
  const [left, right] = [input({ shape: [4], name: 'left' }), input({ shape: [2], name: 'right' })];
  const dense = layers.dense({ units: 3, name: 'dense' }).apply(left) as typeof left;
  const both = layers.concatenate({ name: 'both' }).apply([dense, right]) as typeof left;
  return model({ inputs: [left, right], outputs: layers.dense({ units: 1, name: 'out' }).apply(both) as typeof left });
}

/** Every kind of summary that there is, by the name of its plugin. */
export const everyKind: Readonly<Record<string, Kind>> = {
  scalars: {
    write(writer) {
      for (const [step, value] of SCALARS.entries()) writer.addScalar(QUOTED, value, step, WALL_TIME + step);
      for (let step = 0; step < 20; step++) writer.addScalar('train/loss', 1 / (step + 1), step, WALL_TIME + step);
    },
    expected: {
      [QUOTED]: SCALARS.map((value, step) => point(step, Math.fround(value))),
      'train/loss': Array.from({ length: 20 }, (_, step) => point(step, Math.fround(1 / (step + 1)))),
      'hparam/accuracy': [point(0, 0.75)],
      'hparam/größe': [point(0, Number.NaN)],
    },
  },
  histograms: {
    write(writer) {
      for (let step = 0; step < 3; step++) {
        writer.addHistogram(`weights/${UNICODE}`, [0, 0.5, 1, 1.5, 4], step, { buckets: 4, ...at(step) });
      }
      writer.addHistogram('thirty', Float32Array.from(THIRTY), 0, at(0));
      writer.addHistogram('pytorch', SPREAD, 4, { binning: 'pytorch', ...at(4) });
      writer.addHistogram('counts', { counts: [1, 0, 3], edges: [0, 0.5, 1, 1.5] }, 2, at(2));
    },
    expected: {
      [`weights/${UNICODE}`]: [0, 1, 2].map((step) => point(step, HISTOGRAM_ROWS)),
      thirty: [point(0, [...THIRTY.slice(0, 29).map((left) => [left, left + 1, 1]), [29, 30, 2]])],
      pytorch: [point(4, exponentialRows())],
      counts: [
        point(2, [
          [0, 0.5, 1],
          [0.5, 1, 0],
          [1, 1.5, 3],
        ]),
      ],
    },
  },
  images: {
    write(writer) {
      writer.addImage(`png/${UNICODE}`, pngOf(3, 2, [0, 50, 100, 150, 200, 250]), 0, at(0));
      writer.addImage('hwc', { shape: RGB.shape, data: Uint8Array.from(RGB.pixels) }, 0, at(0));
      writer.addImage('hwc', { shape: RGB.shape, data: Uint8Array.from(RGB.pixels).reverse() }, 1, at(1));
      writer.addImage('chw', { shape: [3, 2, 2], data: PLANES }, 0, { layout: 'CHW', ...at(0) });
      const data = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
      writer.addImages('grid', { shape: [5, 2, 2, 1], data }, 7, { columns: 3, ...at(7) });
    },
    expected: {
      [`png/${UNICODE}`]: [point(0, { shape: [2, 3], pixels: [0, 50, 100, 150, 200, 250] })],
      hwc: [point(0, RGB), point(1, { ...RGB, pixels: RGB.pixels.toReversed() })],
      chw: [point(0, { shape: [2, 2, 3], pixels: [0, 204, 255, 51, 255, 255, 102, 51, 0, 153, 0, 102] })],
      grid: [
        point(7, {
          shape: [4, 6],
          pixels: [
            [1, 2, 5, 6, 9, 10],
            [3, 4, 7, 8, 11, 12],
            [13, 14, 17, 18, 0, 0],
            [15, 16, 19, 20, 0, 0],
          ].flat(),
        }),
      ],
    },
  },
  text: {
    write(writer) {
      writer.addText(`text/${UNICODE}`, '# Größe 😀\n\n**fett** & <b>', 3, at(3));
      writer.addText('empty', '', 0, at(0));
    },
    expected: { [`text/${UNICODE}`]: [point(3, '# Größe 😀\n\n**fett** & <b>')], empty: [point(0, '')] },
    served: {
      [`text/${UNICODE}`]: [point(3, '<h1>Größe 😀</h1>\n<p><strong>fett</strong> &amp; &lt;b&gt;</p>')],
      empty: [point(0, '')],
    },
  },
  pr_curves: {
    write(writer) {
      writer.addPrCurve(`pr_curves/${UNICODE}`, LABELS, PREDICTIONS, 0, { thresholds: 6, ...at(0) });
      writer.addPrCurve(`pr_curves/${UNICODE}`, LABELS, PREDICTIONS, 1, { thresholds: 6, weights: WEIGHTS, ...at(1) });
    },
    expected: {
      [`pr_curves/${UNICODE}`]: [
        point(
          0,
          curve(
            6,
            LABELS.map(() => 1),
          ),
        ),
        point(1, curve(6, WEIGHTS)),
      ],
    },
  },
  audio: {
    write(writer) {
      writer.addAudio(`audio/${UNICODE}`, [0, 0.5, -0.5, 1, -1, 2], 1, { sampleRate: 8000, ...at(1) });
      writer.addAudio('stereo', { shape: [2, 2], data: [0.25, -0.25, 0.125, 0] }, 0, at(0));
    },
    expected: {
      [`audio/${UNICODE}`]: [
        point(1, { sampleRate: 8000, channels: 1, samples: [0, 16384, -16384, 32767, -32768, 32767] }),
      ],
      stereo: [point(0, { sampleRate: 44100, channels: 2, samples: [8192, -8192, 4096, 0] })],
    },
  },
  mesh: {
    write(writer) {
      const [colors, faces] = [
        { shape: [1, 4, 3], data: COLORS },
        { shape: [1, 2, 3], data: FACES },
      ];
      writer.addMesh(`mesh/${UNICODE}`, { shape: [1, 4, 3], data: VERTICES }, 2, {
        colors,
        faces,
        config: CONFIG,
        ...at(2),
      });
    },
    expected: {
      [`mesh/${UNICODE}`]: (
        [
          ['COLOR', COLORS],
          ['FACE', FACES],
          ['VERTEX', VERTICES],
        ] as const
      ).map(([part, numbers]) => [...point(2, part), rowsOf(numbers), JSON.stringify(CONFIG)]),
    },
  },
  custom_scalars: {
    write(writer) {
      const margin = { value: 'train/loss', lower: 'train/low', upper: 'train/high' };
      const charts = { Größe: { multiline: ['train/.*', UNICODE] }, Rand: { margin } };
      writer.addCustomScalars({ Verlust: charts }, at(0));
    },
    expected: { custom_scalars__config__: [point(0, { category: [{ title: 'Verlust', chart: CHARTS }] })] },
    served: { version: 0, category: [{ title: 'Verlust', chart: CHARTS, closed: false }] },
  },
  hparams: {
    write(writer) {
      const domains = { optimizer: ['ädam', 'sgd'], 'lr/größe': { min: 0, max: 1 } };
      const metrics = { 'hparam/accuracy': 0.75, 'hparam/größe': Number.NaN };
      writer.addHParams(HPARAMS, metrics, { domains, groupName: 'gruppe', ...at(0) });
    },
    expected: {
      '_hparams_/experiment': {
        experiment: {
          hparam_infos: [
            { name: 'lr/größe', type: 'DATA_TYPE_FLOAT64', domain_interval: { max_value: 1 } },
            { name: 'optimizer', type: 'DATA_TYPE_STRING', domain_discrete: ['ädam', 'sgd'] },
            { name: 'nesterov', type: 'DATA_TYPE_BOOL' },
            { name: 'layers', type: 'DATA_TYPE_FLOAT64' },
          ],
          metric_infos: [{ name: { tag: 'hparam/accuracy' } }, { name: { tag: 'hparam/größe' } }],
        },
      },
      '_hparams_/session_start_info': { session_start_info: { hparams: HPARAMS, group_name: 'gruppe' } },
      '_hparams_/session_end_info': { session_end_info: { status: 'STATUS_SUCCESS' } },
    },
    served: {
      experiment: expect.objectContaining({
        hparamInfos: [
          { name: 'layers', type: 'DATA_TYPE_FLOAT64' },
          { name: 'lr/größe', type: 'DATA_TYPE_FLOAT64', domainInterval: { minValue: 0, maxValue: 1 } },
          { name: 'nesterov', type: 'DATA_TYPE_BOOL' },
          { name: 'optimizer', type: 'DATA_TYPE_STRING', domainDiscrete: ['ädam', 'sgd'] },
        ].map((info) => expect.objectContaining(info)),
        metricInfos: ['accuracy', 'größe'].map((name) =>
          expect.objectContaining({ name: { tag: `hparam/${name}`, group: '' } }),
        ),
      }),
      groups: [
        expect.objectContaining({
          name: 'gruppe',
          hparams: HPARAMS,
          metricValues: [servedMetric('hparam/accuracy', 0.75), servedMetric('hparam/größe', 'NaN')],
          sessions: [expect.objectContaining({ name: 'every', status: 'STATUS_SUCCESS' })],
        }),
      ],
    },
  },
  graph: {
    write: (writer) => writer.addGraph(makeModel(), at(0)),
    expected: [
      ['left', 'InputLayer', []],
      ['right', 'InputLayer', []],
      ['dense', 'Dense', ['left']],
      ['both', 'Concatenate', ['dense', 'right']],
      ['out', 'Dense', ['both']],
    ],
  },
  projector: {
    write(writer) {
      const labelImages = { shape: [3, 1, 2], data: Uint8Array.from([10, 20, 30, 40, 50, 60]) };
      const matrix = { shape: [3, 2], data: MATRIX };
      writer.addEmbedding(matrix, { tag: 'wörter', step: 5, metadata: ['eins', 'zwei 😀', 'drei'], labelImages });
    },
    expected: undefined,
    served: {
      'wörter:00005': {
        shape: [3, 2],
        tensor: MATRIX.map(Math.fround),
        metadata: 'eins\nzwei 😀\ndrei\n',
        sprite: { single: [2, 1], shape: [2, 4], pixels: [10, 20, 30, 40, 50, 60, 0, 0] },
      },
    },
  },
};
