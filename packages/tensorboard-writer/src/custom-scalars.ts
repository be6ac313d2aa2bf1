import { inspect } from 'node:util';
import { assertRecord, assertTag } from './arguments.js';
import { message, presentField, textField, uintField } from './message.js';
import { tensorSummary } from './summary-value.js';
import { stringTensor } from './tensor-proto.js';

/** A curve with a band around it: the tags of three charts. */
export interface MarginSeries {
  readonly value: string;
  readonly lower: string;
  readonly upper: string;
}

/** One chart: the curves of all tags that match one of the regular expressions `multiline` (Python's), or curves with margins. */
export type CustomScalarChart =
  | { readonly multiline: readonly string[] }
  | { readonly margin: MarginSeries | readonly MarginSeries[] };

/** Charts by category and title, in the order in which they are shown. */
export type CustomScalarLayout = Readonly<Record<string, Readonly<Record<string, CustomScalarChart>>>>;

/** How the custom scalars page begins. */
export interface CustomScalarOptions {
  /** Categories that are shown folded. */
  readonly closed?: readonly string[];
}

/*
 * BYTES (tensorboard/plugins/custom_scalar/layout.proto), as the string tensor of the tag:
 *   Layout      12 Category …       (version 0 is left out)
 *   Category    0a title   12 Chart …   18 closed
 *   Chart       0a title   12 ( 0a tag … ) | 1a ( 0a Series … )
 *   Series      0a value   12 lower   1a upper
 */
const TAG = 'custom_scalars__config__';

/** The payload that lays out the custom scalars page, as torch/utils/tensorboard/summary.py, `custom_scalars`. */
export function encodeCustomScalars(layout: CustomScalarLayout, { closed = [] }: CustomScalarOptions = {}): Uint8Array {
  assertRecord('layout', layout, 'categories');
  if (!Array.isArray(closed)) throw new TypeError(`closed must be a list of categories, not ${inspect(closed)}`);
  const unknown = closed.find((title) => typeof title !== 'string' || !Object.hasOwn(layout, title));
  if (unknown !== undefined) throw new TypeError(`closed has ${inspect(unknown)}, which is no category of layout`);
  const categories = Object.entries(layout).map(([title, charts]) => {
    const name = `layout[${JSON.stringify(title)}]`;
    assertRecord(name, charts, 'charts');
    const fields = Object.entries(charts).map(([chartTitle, chart]) =>
      presentField(2, message(textField(1, chartTitle), chartField(`${name}[${JSON.stringify(chartTitle)}]`, chart))),
    );
    return presentField(2, message(textField(1, title), ...fields, uintField(3, closed.includes(title) ? 1 : 0)));
  });
  const tensor = stringTensor([], [message(...categories)]);
  return tensorSummary(TAG, tensor, { plugin: 'custom_scalars' });
}

function chartField(name: string, chart: unknown): Uint8Array {
  assertRecord(name, chart, 'either multiline or margin');
  const { multiline, margin } = chart;
  if ((multiline === undefined) === (margin === undefined)) {
    throw new TypeError(`${name} must have either multiline or margin, not ${inspect(chart)}`);
  }
  if (multiline !== undefined) {
    if (!Array.isArray(multiline) || multiline.length === 0) {
      throw new TypeError(`${name}.multiline must be a list of tags, not ${inspect(multiline)}`);
    }
    for (const [at, tag] of multiline.entries()) assertTag(`${name}.multiline[${at}]`, tag);
    return presentField(2, message(...multiline.map((tag) => textField(1, tag))));
  }
  const series = Array.isArray(margin) ? margin : [margin];
  if (series.length === 0) throw new TypeError(`${name}.margin must be a list of series, not []`);
  return presentField(3, message(...series.map((one, at) => seriesField(`${name}.margin[${at}]`, one))));
}

function seriesField(name: string, series: unknown): Uint8Array {
  assertRecord(name, series, 'value, lower and upper');
  const { value, lower, upper } = series;
  assertTag(`${name}.value`, value);
  assertTag(`${name}.lower`, lower);
  assertTag(`${name}.upper`, upper);
  return presentField(1, message(textField(1, value), textField(2, lower), textField(3, upper)));
}
