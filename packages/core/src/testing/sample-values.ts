import { fromBase64 } from '../logger/base64.js';
import type { HistogramValue, ImageValue, TableValue, TextValue } from '../logger/log-values.js';

// One grey pixel.
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';

/** By key; each is of another kind or form. */
export interface SampleValues
  extends Record<string, number | string | HistogramValue | ImageValue | TextValue | TableValue> {
  'suite/number': number;
  'suite/values': HistogramValue;
  'suite/counts': HistogramValue;
  'suite/image': ImageValue;
  'suite/string': string;
  'suite/text': TextValue;
  'suite/table': TableValue;
}

/** One value of each kind and form that can be logged, fresh at each call. */
export function sampleValues(): SampleValues {
  return {
    'suite/number': 0.25,
    'suite/values': { kind: 'histogram', values: Float64Array.of(-1, 0, 0.5, 0.5, 2) },
    'suite/counts': { kind: 'histogram', counts: [1, 0, 3], edges: [0, 1, 2, 4] },
    'suite/image': { kind: 'image', png: fromBase64(PNG), width: 1, height: 1, caption: 'a grey pixel' },
    'suite/string': 'plain words',
    'suite/text': { kind: 'text', text: 'some **bold** words' },
    'suite/table': {
      kind: 'table',
      columns: ['digit', 'right'],
      rows: [
        [3, true],
        ['7', null],
      ],
    },
  };
}
