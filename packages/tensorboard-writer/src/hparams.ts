import { assertNumbersByName, assertOneOf, assertRecord, assertString, assertWallTime } from './arguments.js';
import { assertDomain, domainField, type HParamDomain } from './hparam-domain.js';
import { assertHParams, encodeHParamValue, type HParamValue } from './hparam-value.js';
import { doubleField, message, presentField, textField, uintField } from './message.js';
import { tensorSummary } from './summary-value.js';
import { floatTensor } from './tensor-proto.js';

/*
 * BYTES (tensorboard/plugins/hparams/plugin_data.proto, api.proto), as the content of a tag's metadata:
 *   HParamsPluginData   12 experiment   1a session_start_info   22 session_end_info     (version 0 is left out)
 *   Experiment          0a description   19 time_created_secs:f64   22 HParamInfo …   2a MetricInfo …
 *   HParamInfo          0a name   20 type   2a | 32 domain
 *   MetricInfo          0a ( 0a group   12 tag )
 *   SessionStartInfo    0a ( 0a key   12 Value ) …   12 model_uri   1a monitor_url   22 group_name   29 start_time_secs:f64
 *   SessionEndInfo      08 status   11 end_time_secs:f64
 */
const DATA_TYPES = { string: 1, boolean: 2, number: 3 } as const;
const STATUSES = { unknown: 0, success: 1, failure: 2, running: 3 } as const;

/** How a session ended, or that it goes on. */
export type HParamsStatus = keyof typeof STATUSES;

/** What the hparams table shows of a session beside its hyper-parameters. */
export interface HParamsSessionOptions {
  /** Sessions of one group are one row of the table, which shows their mean metrics; a row for each session by default. */
  readonly groupName?: string;
  /** When the session began, in seconds since 1970. */
  readonly startTime?: number;
  /** Where the model lies. */
  readonly modelUri?: string;
  /** Where the session can be watched. */
  readonly monitorUrl?: string;
}

/** What a session's experiment, start and end hold. */
export interface HParamsOptions extends HParamsSessionOptions {
  /** What values a hyper-parameter may take, by its name. */
  readonly domains?: Readonly<Record<string, HParamDomain>>;
  /** `'success'` by default. */
  readonly status?: HParamsStatus;
  /** When the session ended, in seconds since 1970. */
  readonly endTime?: number;
}

/** The payloads of a whole session: experiment, session start and session end, as PyTorch's `summary.hparams` (torch/utils/tensorboard/summary.py). */
export function encodeHParams(
  hparams: Readonly<Record<string, HParamValue>>,
  metrics: Readonly<Record<string, number>>,
  options: HParamsOptions,
): readonly Uint8Array[] {
  assertHParams('hparams', hparams);
  assertNumbersByName('metrics', metrics);
  const { domains = {}, status = 'success', endTime } = options;
  return [
    encodeExperiment(hparams, Object.keys(metrics), domains),
    encodeHParamsStart(hparams, options),
    encodeHParamsEnd(status, endTime),
  ];
}

/** The columns of the hparams table. TensorBoard takes the first experiment that it finds for all sessions; without one it makes columns of all. */
function encodeExperiment(
  hparams: Readonly<Record<string, HParamValue>>,
  metrics: readonly string[],
  domains: Readonly<Record<string, HParamDomain>>,
): Uint8Array {
  assertRecord('domains', domains, 'domains');
  for (const [name, domain] of Object.entries(domains)) {
    if (!Object.hasOwn(hparams, name))
      throw new TypeError(`domains has ${JSON.stringify(name)}, which hparams has not`);
    assertDomain(`domains[${JSON.stringify(name)}]`, domain, typeof hparams[name]);
  }
  const hparamInfos = Object.entries(hparams).map(([name, value]) => {
    const type = DATA_TYPES[typeof value as keyof typeof DATA_TYPES];
    const domain = Object.hasOwn(domains, name) ? [domainField(domains[name]!)] : [];
    return presentField(4, message(textField(1, name), uintField(4, type), ...domain));
  });
  const metricInfos = metrics.map((tag) => presentField(5, presentField(1, textField(2, tag))));
  return pluginData('_hparams_/experiment', 2, message(...hparamInfos, ...metricInfos));
}

/** A session's hyper-parameters (tensorboard/plugins/hparams/summary_v2.py, `hparams_pb`). */
export function encodeHParamsStart(
  hparams: Readonly<Record<string, HParamValue>>,
  { groupName, startTime, modelUri, monitorUrl }: HParamsSessionOptions,
): Uint8Array {
  assertHParams('hparams', hparams);
  for (const [name, text] of Object.entries({ groupName, modelUri, monitorUrl })) {
    if (text !== undefined) assertString(name, text);
  }
  if (startTime !== undefined) assertWallTime('startTime', startTime);
  const entries = Object.entries(hparams).map(([name, value]) =>
    presentField(1, message(textField(1, name), presentField(2, encodeHParamValue(value)))),
  );
  const rest = [textField(2, modelUri ?? ''), textField(3, monitorUrl ?? ''), textField(4, groupName ?? '')];
  return pluginData('_hparams_/session_start_info', 3, message(...entries, ...rest, doubleField(5, startTime ?? 0)));
}

/** How a session ended (tensorboard/plugins/hparams/summary.py, `session_end_pb`). */
export function encodeHParamsEnd(status: HParamsStatus, endTime: number | undefined): Uint8Array {
  assertOneOf('status', status, Object.keys(STATUSES));
  if (endTime !== undefined) assertWallTime('endTime', endTime);
  return pluginData(
    '_hparams_/session_end_info',
    4,
    message(uintField(1, STATUSES[status]), doubleField(2, endTime ?? 0)),
  );
}

// What matters is the metadata: the tensor of no floats is what TensorBoard's own writer puts beside it.
function pluginData(tag: string, field: number, data: Uint8Array): Uint8Array {
  const content = presentField(field, data);
  return tensorSummary(tag, floatTensor([0], []), { plugin: 'hparams', content });
}
