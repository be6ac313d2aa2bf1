import type {
  MediaAnswer,
  MediaEntryAnswer,
  RunDetailsAnswer,
  RunsAnswer,
  WindowsAnswer,
} from '../src/view/protocol.js';
import { type Curves, parseSeries } from './curves.js';

/** What a chart asks for; `runs` by key, `tag` by number. */
export interface SeriesQuery {
  readonly runs: readonly number[];
  readonly tag: number;
  readonly axis: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly pixels: number;
  readonly smooth?: number;
  readonly source?: string;
}

// Relative to the page, whose path holds the token.
async function get(path: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, signal === undefined ? {} : { signal });
  if (!response.ok) throw new Error(`${path.split('?')[0]}: ${response.status}`);
  return response;
}

async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await get(path, signal)).json() as Promise<T>;
}

function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
}

export const fetchRuns = () => getJson<RunsAnswer>('api/runs');

export const fetchDetails = (run: number) => getJson<RunDetailsAnswer>(`api/run/${run}`);

export async function fetchSeries(asked: SeriesQuery, signal?: AbortSignal): Promise<Curves> {
  const { runs, smooth = 0, ...rest } = asked;
  const text = query({ ...rest, runs: runs.join('.'), smooth: smooth > 0 ? smooth : undefined });
  return parseSeries(await (await get(`api/series?${text}`, signal)).arrayBuffer());
}

export function fetchWindows(run: number, range: { from?: number; to?: number; most: number }, signal?: AbortSignal) {
  return getJson<WindowsAnswer>(`api/windows/${run}?${query(range)}`, signal);
}

export const fetchMediaEntries = (run: number, tag: number) =>
  getJson<readonly MediaEntryAnswer[]>(`api/media/${run}?tag=${tag}`);

export const fetchMediaValue = (run: number, tag: number, index: number) =>
  getJson<MediaAnswer>(`api/media/${run}/value?tag=${tag}&index=${index}`);

export const pictureUrl = (run: number, tag: number, index: number, picture: number) =>
  `api/media/${run}/picture?tag=${tag}&index=${index}&picture=${picture}`;

/**
 * Calls `onNews` with what the server says is new, and `onLost` while it can't be reached. Not while nobody sees the page: a
 * browser has six connections to a server for all of its tabs, and the seventh tab would never come up.
 */
export function listen(onNews: () => void, onLost: () => void): void {
  let source: EventSource | undefined;

  function follow(): void {
    source?.close();
    source = undefined;
    if (document.visibilityState === 'hidden') return;
    source = new EventSource('api/events');
    source.addEventListener('message', onNews);
    source.addEventListener('error', onLost);
  }

  document.addEventListener('visibilitychange', follow);
  follow();
}
