import type { Run } from '../runs/run.js';
import type { RunStore } from '../runs/run-store.js';
import { type Answer, json, NOT_FOUND } from './answers.js';
import { detailsAnswer } from './details-answer.js';
import { answerOf, mediaAnswer, mediaContent, mediaEntries, pictureAnswer } from './media-answer.js';
import { AXES, type Axis, type RunsAnswer, type SourceKind } from './protocol.js';
import { seriesAnswer } from './series-answer.js';
import type { TagNumbers } from './tag-numbers.js';
import { windowsAnswer } from './windows-answer.js';

const MOST_PIXELS = 8192;
const MOST_WINDOWS = 2000;
const KINDS: readonly string[] = ['journal', 'wandb', 'tensorboard'] satisfies SourceKind[];

/** Answers a request by its path behind the token and its query. */
export type Route = (path: string, query: URLSearchParams) => Promise<Answer | number>;

/** `page` are the page's own files, `listRuns` is what the list shows. */
export function createRoutes(
  store: RunStore,
  tags: TagNumbers,
  page: ReadonlyMap<string, Answer>,
  listRuns: () => RunsAnswer,
): Route {
  const tagOf = (query: URLSearchParams) => tags.tags[whole(query, 'tag') ?? -1];

  function series(query: URLSearchParams): Answer | undefined {
    const tag = tagOf(query);
    const axis = query.get('axis') as Axis;
    const source = query.get('source');
    if (tag === undefined || !AXES.includes(axis) || (source !== null && !KINDS.includes(source))) return undefined;
    const keys = (query.get('runs') ?? '').split('.').map(Number);
    const runs = keys.map((key) => store.run(key)).filter((run) => run !== undefined);
    const body = seriesAnswer({
      runs,
      tag,
      axis,
      from: number(query, 'from', Number.NEGATIVE_INFINITY),
      to: number(query, 'to', Number.POSITIVE_INFINITY),
      pixels: Math.min(MOST_PIXELS, Math.max(1, whole(query, 'pixels') ?? 500)),
      smooth: Math.min(0.999, Math.max(0, number(query, 'smooth', 0))),
      ...(source === null ? {} : { source: source as SourceKind }),
    });
    return { type: 'application/octet-stream', body };
  }

  async function media(run: Run, what: string | undefined, query: URLSearchParams): Promise<Answer | undefined> {
    const tag = tagOf(query);
    if (tag === undefined) return undefined;
    if (what === undefined) return answerOf(mediaEntries(run, tag));
    const content = await mediaContent(run, tag, whole(query, 'index') ?? -1);
    if (content === undefined) return undefined;
    if (what === 'value') return json(mediaAnswer(content));
    return what === 'picture' ? pictureAnswer(content, whole(query, 'picture') ?? 0) : undefined;
  }

  async function ofRun(what: string, key: string, more: string | undefined, query: URLSearchParams) {
    const run = /^\d{1,9}$/.test(key) ? store.run(Number(key)) : undefined;
    if (run === undefined) return undefined;
    if (what === 'media') return media(run, more, query);
    if (more !== undefined) return undefined;
    // Who looks at one run alone sees all that its sources say; what is read later is news.
    store.readAll(run.key).catch((error: Error) => process.stderr.write(`microbatch view: ${error.stack}\n`));
    if (what === 'run') return json(detailsAnswer(run, store.root));
    if (what !== 'windows') return undefined;
    const [from, to] = [number(query, 'from', 0), number(query, 'to', Number.POSITIVE_INFINITY)];
    return json(windowsAnswer(run, from, to, Math.min(MOST_WINDOWS, whole(query, 'most') ?? MOST_WINDOWS)));
  }

  return async (path, query) => {
    const file = page.get(path);
    if (file !== undefined) return file;
    const [api, what = '', key, more, ...rest] = path.split('/');
    if (api !== 'api' || rest.length > 0) return NOT_FOUND;
    if (key !== undefined) return (await ofRun(what, key, more, query)) ?? NOT_FOUND;
    if (what === 'runs') return json(listRuns());
    if (what === 'series') return series(query) ?? NOT_FOUND;
    return NOT_FOUND;
  };
}

function number(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  const value = text === null || text === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) ? otherwise : value;
}

function whole(query: URLSearchParams, name: string): number | undefined {
  const value = number(query, name, Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
