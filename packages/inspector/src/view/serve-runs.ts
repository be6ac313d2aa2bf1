import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { followStore } from '../runs/follow-store.js';
import { openRunStore } from '../runs/run-store.js';
import { send, sendTo } from './answers.js';
import { createEventStreams } from './event-streams.js';
import { createOnceLinks } from './once-links.js';
import { readPageFiles } from './page-files.js';
import { isForHere, pathOrRefusal } from './request-guard.js';
import { createRoutes } from './routes.js';
import { runsAnswer } from './runs-answer.js';
import { createTagNumbers } from './tag-numbers.js';

export interface ServeOptions {
  /** Any free one by default. */
  readonly port?: number;
}

/** A page that shows runs, on this machine alone. */
export interface RunsServer {
  /** With its token: whoever knows it sees the runs. */
  readonly url: string;
  /** An address that leads there once: what starts a browser shows its arguments to every user of the machine. */
  readonly linkOnce: () => string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/**
 * Shows the runs at and below `dir` on a page, while they grow. Rejects with the system's error where `dir` can't be read or
 * the port is taken.
 */
export async function serveRuns(dir: string, options: ServeOptions = {}): Promise<RunsServer> {
  const page = await readPageFiles();
  const store = await openRunStore(dir);
  await store.find();
  const tags = createTagNumbers();
  const token = randomBytes(24).toString('base64url');
  const server = createServer((request, response) => void answer(request, response));
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://${LOOPBACK}:${port}`;
  const once = createOnceLinks();

  const follower = followStore(store, () => streams.announce());
  const news = () => ({
    versions: Object.fromEntries(store.runs.map(({ key }) => [key, store.versionOf(key)])),
    isLoaded: follower.isLoaded,
  });
  const streams = createEventStreams(news, follower.watch);
  const route = createRoutes(store, tags, page, () =>
    runsAnswer(store, tags, { name: dir, isLoaded: follower.isLoaded, failure: follower.failure }),
  );

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isHead = request.method === 'HEAD';
    const path = pathOrRefusal(request, { token, port });
    if (typeof path === 'number') {
      if (isForHere(request, port) && once.redeem(request.url ?? '')) sendTo(response, `/${token}/`);
      else send(response, path, isHead);
      return;
    }
    if (path === 'api/events' && !isHead) {
      streams.add(response);
      return;
    }
    try {
      const [, query = ''] = request.url!.split('?', 2);
      send(response, await route(path, new URLSearchParams(query)), isHead);
    } catch (error) {
      process.stderr.write(`microbatch view: ${path}: ${(error as Error).stack}\n`);
      if (!response.headersSent) send(response, 500, isHead);
    }
  }

  return {
    url: `${origin}/${token}/`,
    linkOnce: () => `${origin}/${once.make()}`,
    async close() {
      follower.close();
      streams.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
}
