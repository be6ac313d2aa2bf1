/** What a server holds of a run: each value's text by the place where it stands. */
export type RunState = ReadonlyMap<string, string>;

/** Where two states differ, with `undefined` for a place that one does not have. */
export interface StateDifference {
  readonly place: string;
  readonly values: readonly [string | undefined, string | undefined];
}

type Fields = Readonly<Record<string, unknown>>;

const HISTORY = 'wandb-history.jsonl';
const CONSOLE = 'output.log';
const RUNTIME = 'summary › _wandb › runtime';

/** Fields of a metric in `_wandb.value.m`, by number. */
const METRIC = { 6: 'options', 7: 'summary', 8: 'goal' } as const;

/** Reads the state of a run from a running `fake-wandb-server`. */
export async function readRunState(url: string, project: string, runId: string): Promise<RunState> {
  const { runs } = (await ask(`${url}/__fake__/report`)) as { runs: Fields[] };
  const report = runs.find((run) => run.project === project && run.run === runId);
  if (report === undefined) throw new Error(`the server has no run ${runId} of project ${project}`);
  const place = { entity: String(report.entity), project, run: runId };
  const lines = async (file: string) => {
    if ((report.lineCounts as Fields)[file] === undefined) return [];
    return ((await ask(`${url}/__fake__/lines?${new URLSearchParams({ ...place, file })}`)) as { lines: string[] })
      .lines;
  };

  const state = new Map<string, string>();
  const { config, summary, fields, uploads } = report as Record<string, Fields>;
  const { _wandb: own, ...values } = config!;
  const { m: metrics = [], ...about } = (own as { value: { m?: Fields[] } }).value;
  putLeaves(
    state,
    'config',
    Object.fromEntries(Object.entries(values).map(([key, entry]) => [key, (entry as Fields).value])),
  );
  putLeaves(state, 'about', about);
  putMetrics(state, metrics);
  putLeaves(state, 'summary', summary);
  // Whole seconds are equal by chance.
  if (state.has(RUNTIME)) state.set(RUNTIME, state.get(RUNTIME)!.replace(/^\d+$/, 'seconds'));
  for (const [index, line] of (await lines(HISTORY)).entries()) putLeaves(state, `row ${index}`, parseExact(line));
  const printed = (await lines(CONSOLE)).filter((line) => line.includes('said:') || /\d\d:\d\d\.\d+ $/.test(line));
  for (const [index, line] of printed.entries())
    state.set(`line ${index}`, line.replace(/\d{4}-\d\d-\d\dT[\d:.]+ /, ''));
  for (const [name, { sha256 }] of Object.entries(uploads as Record<string, Fields>))
    state.set(`file ${name}`, String(sha256));
  for (const key of ['displayName', 'complete', 'exitcode', 'anomalies', 'lineCounts', 'preempting'])
    putLeaves(state, key, report[key]);
  const { config: _config, project: _project, ...said } = fields!;
  putLeaves(state, 'said', said);
  return state;
}

/** Where `left` and `right` differ, in order of places. */
export function stateDifferences(left: RunState, right: RunState): StateDifference[] {
  const places = [...new Set([...left.keys(), ...right.keys()])].sort();
  return places
    .map((place) => ({ place, values: [left.get(place), right.get(place)] as const }))
    .filter(({ values: [a, b] }) => a !== b);
}

/** A step metric's name stands for its index: the order of the list means nothing. */
function putMetrics(state: Map<string, string>, metrics: readonly Fields[]): void {
  for (const metric of metrics) {
    const name = metric[1] ?? `${metric[2]} (glob)`;
    const step = metric[5] === undefined ? '' : String(metrics[Number(metric[5]) - 1]![1]);
    state.set(`metric ${name} step`, step);
    for (const [number, field] of Object.entries(METRIC)) {
      const value = metric[number];
      state.set(`metric ${name} ${field}`, JSON.stringify(Array.isArray(value) ? value.sort() : (value ?? [])));
    }
  }
}

/** Objects without fields are leaves, as lists without items are. */
function putLeaves(state: Map<string, string>, place: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    for (const [key, item] of Object.entries(value)) putLeaves(state, `${place} › ${key}`, item);
    return;
  }
  state.set(place, Object.is(value, -0) ? '-0' : (JSON.stringify(value) ?? 'undefined'));
}

async function ask(url: string): Promise<unknown> {
  return parseExact(await (await fetch(url)).text());
}

/** Parses what Python writes: numbers that JSON does not have, or that JavaScript would round, become their text. */
function parseExact(text: string): unknown {
  const tokens = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
  return JSON.parse(text.replace(tokens, (token) => (token.startsWith('"') ? token : `"number ${token}"`)));
}
