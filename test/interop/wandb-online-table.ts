import type { RunState } from './run-state.js';

/** The lines of the table: a title, and the places that it counts or shows. */
const LINES: readonly (readonly [title: string, place: RegExp])[] = [
  ['values in rows, but times', /^row(?!.* › _(runtime|timestamp)$)/],
  ['values in the config', /^config/],
  ['fields of metric definitions', /^metric/],
  ['summary, but times', /^summary(?!.* › _(runtime|timestamp)$)/],
  ['console lines', /^line \d/],
  ['files', /^file/],
];
const SHOWN: readonly (readonly [title: string, place: string])[] = [
  ['rows', 'lineCounts › wandb-history.jsonl'],
  ['name', 'displayName'],
  ['notes', 'said › notes'],
  ['group', 'said › groupName'],
  ['job type', 'said › jobType'],
  ['tags', 'said › tags › 0'],
  ['exit code', 'exitcode'],
  ['complete', 'complete'],
  ['anomalies', 'anomalies'],
];

/** Two states of a run as a table in Markdown: how many places of each kind they have, and how many of these are equal. */
export function sideBySide(titles: readonly [string, string], states: readonly [RunState, RunState]): string {
  const [first, second] = states;
  const lines = LINES.map(([title, pattern]) => {
    const [a, b] = states.map((state) => [...state.keys()].filter((place) => pattern.test(place)));
    const equal = a!.filter((place) => first.get(place) === second.get(place));
    return [title, a!.length, b!.length, equal.length];
  });
  const shown = SHOWN.map(([title, place]) => {
    const [a, b] = [first.get(place) ?? '', second.get(place) ?? ''];
    return [title, a, b, a === b ? 'yes' : 'no'];
  });
  const rows = [['', ...titles, 'equal'], ['---', '---', '---', '---'], ...shown, ...lines];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}
