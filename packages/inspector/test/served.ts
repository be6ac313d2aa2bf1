import { expect, onTestFinished } from 'vitest';
import { type Curves, parseSeries } from '../page/curves.js';
import type { NewsAnswer, RunsAnswer } from '../src/view/protocol.js';
import { type RunsServer, serveRuns } from '../src/view/serve-runs.js';
import { ask } from './ask.js';

/** A server that ends with the test. */
export async function served(dir: string): Promise<RunsServer> {
  const server = await serveRuns(dir);
  onTestFinished(() => server.close());
  return server;
}

/** The token's path, a slash at its end. */
export function pathOf(server: RunsServer): string {
  return new URL(server.url).pathname;
}

/** What `api/…` says. */
export async function json<T>(server: RunsServer, path: string): Promise<T> {
  const { status, body } = await ask(server.url, `${pathOf(server)}api/${path}`);
  expect(status, path).toBe(200);
  return JSON.parse(body.toString()) as T;
}

/** Waits for the news that say so: each comes when something may have changed. */
export async function newsUntil(
  server: RunsServer,
  isIt: (news: NewsAnswer) => boolean | Promise<boolean>,
): Promise<NewsAnswer> {
  const leaving = new AbortController();
  const response = await fetch(`${server.url}api/events`, { signal: leaving.signal });
  try {
    let text = '';
    for await (const part of response.body!.pipeThrough(new TextDecoderStream() as never) as AsyncIterable<string>) {
      text += part;
      const events = text.split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        const news = event.startsWith('data: ') ? (JSON.parse(event.slice(6)) as NewsAnswer) : undefined;
        if (news !== undefined && (await isIt(news))) return news;
      }
    }
    throw new Error('the stream ended');
  } finally {
    leaving.abort();
  }
}

/** The runs, once all of them are read. */
export async function listed(server: RunsServer): Promise<RunsAnswer> {
  await newsUntil(server, ({ isLoaded }) => isLoaded);
  return json<RunsAnswer>(server, 'runs');
}

/** What a chart gets. */
export async function series(server: RunsServer, query: string): Promise<Curves> {
  const { status, body } = await ask(server.url, `${pathOf(server)}api/series?${query}`);
  expect(status).toBe(200);
  return parseSeries(new Uint8Array(body).buffer);
}

/** A tag's number. */
export function number(answer: RunsAnswer, tag: string): number {
  return answer.tags.indexOf(tag);
}
