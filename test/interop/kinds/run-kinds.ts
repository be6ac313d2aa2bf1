import { input, layers, model } from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { at, type Kinds, point, UNICODE, WALL_TIME } from './kind.js';

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

/** What is about a run as a whole: its layout, its hyperparameters, its model and what it has learned. */
export const runKinds: Kinds = {
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
