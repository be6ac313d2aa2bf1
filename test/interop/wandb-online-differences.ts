/** What is compared: two clients' runs, logged online or offline, or one run of ours, uploaded by us and by `wandb sync`. */
export type Comparison = 'online' | 'offline' | 'upload';

/** A difference that two states may have, and must have: where, and whether only the first or the second has something there. */
export interface AllowedDifference {
  readonly place: RegExp;
  readonly only?: 'first' | 'second';
  readonly in: readonly Comparison[];
  readonly why: string;
}

const CLIENTS: readonly Comparison[] = ['online', 'offline'];
const ALL: readonly Comparison[] = [...CLIENTS, 'upload'];

/** First Python's run, then ours; of uploads first that of `wandb sync`, then ours. */
export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  { place: /^(row \d+|summary) › _(runtime|timestamp)$/, in: CLIENTS, why: 'when it was logged' },
  { place: /^said › program$/, in: ['online', 'upload'], why: 'the program; for wandb sync, that itself' },
  { place: /^about › e › /, only: 'first', in: CLIENTS, why: 'the environment: ours is in wandb-metadata.json alone' },
  { place: /^about › (cli|python)_version$/, only: 'first', in: CLIENTS, why: 'the versions of Python and its client' },
  { place: /^about › t › (3|4|5|10|13)\b/, only: 'first', in: CLIENTS, why: "telemetry of Python's client" },
  { place: /^about › t › 3 › 0$/, in: ['offline'], why: 'telemetry: wandb sync counts its uses' },
  { place: /^about › t › 3 › 0$/, only: 'first', in: ['upload'], why: 'telemetry: wandb sync counts its uses' },
  { place: /^about › t › 12$/, in: ['online', 'upload'], why: 'telemetry: the version of what uploads' },
  { place: /^file requirements.txt$/, only: 'first', in: CLIENTS, why: 'the packages of the Python environment' },
  { place: /^file wandb-metadata.json$/, in: CLIENTS, why: 'the environment' },
  {
    place: /^file (config.yaml|wandb-summary.json)$/,
    in: ALL,
    why: 'texts of what is compared here, in another order',
  },
  { place: /^file output.log$/, in: CLIENTS, why: 'when a line was printed' },
  { place: /^lineCounts › output.log$/, in: CLIENTS, why: "each client's own messages" },
  {
    place: /^(file|lineCounts ›) output.log$/,
    only: 'first',
    in: CLIENTS,
    why: 'Node prints an uncaught error, and nothing else was printed, past the streams that can be captured',
  },
  {
    place: /› table › (_latest_)?artifact_path$/,
    only: 'first',
    in: CLIENTS,
    why: 'a table is a file, no artifact too',
  },
  { place: /› date$/, in: CLIENTS, why: "JavaScript's dates have milliseconds" },
  { place: /› int(64|100)$/, in: ['online', 'upload'], why: 'the official client rounds integers beyond 64 bits' },
  { place: /› minus zero$/, in: ALL, why: 'the official client loses the sign of -0' },
  { place: /^(row \d+|summary) › $/, only: 'second', in: CLIENTS, why: 'Python drops what has an empty name' },
  { place: /^metric acc goal$/, in: CLIENTS, why: 'Python has no goal any more' },
  {
    place: /^metric (train|valid)\/\w/,
    only: 'second',
    in: ['online', 'upload'],
    why: 'what globs match, for servers that leave that to the client',
  },
];
