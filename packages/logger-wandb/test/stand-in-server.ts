import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a run has become on the server. */
export interface StoredRun {
  readonly config: unknown;
  /** By file name; `null` is a line that never came. */
  readonly lines: Readonly<Record<string, readonly (string | null)[]>>;
  readonly complete: boolean;
  readonly exitCode: number | undefined;
  readonly posts: number;
}

interface FileStreamPost {
  readonly files?: Record<string, { readonly offset: number; readonly content: readonly string[] }>;
  readonly complete?: boolean;
  readonly exitcode?: number;
}

const ENTITY = 'stand-in';

/**
 * A stand-in for the upload side of a W&B server, on the loopback: answers the viewer, makes runs and stores what is
 * streamed to them. Another key than `key` gets 401. Closes when the test is over.
 */
export async function standInServer(
  key: string,
): Promise<{ readonly url: string; run(id: string): StoredRun | undefined }> {
  const runs = new Map<
    string,
    { -readonly [K in keyof StoredRun]: StoredRun[K] } & { lines: Record<string, (string | null)[]> }
  >();

  function answer(path: string, body: string): unknown {
    if (path === '/graphql') return { data: graphql(JSON.parse(body)) };
    const id = /^\/files\/[^/]+\/[^/]+\/([^/]+)\/file_stream$/.exec(path)?.[1];
    const run = runs.get(id ?? '');
    if (run === undefined) return undefined;
    stream(run, JSON.parse(body));
    return { exitcode: null, limits: {} };
  }

  function graphql({ query, variables }: { query: string; variables: Record<string, string> }): unknown {
    if (query.includes('viewer')) {
      return { viewer: { id: 'VXNlcjox', entity: ENTITY, flags: '{}', teams: { edges: [] } } };
    }
    if (!query.includes('upsertBucket')) return null;
    const { name, project, displayName, config } = variables as { [field: string]: string };
    runs.set(name!, { config: JSON.parse(config ?? '{}'), lines: {}, complete: false, exitCode: undefined, posts: 0 });
    const bucket = { id: `id-${name}`, name, displayName, project: { name: project, entity: { name: ENTITY } } };
    return { upsertBucket: { bucket, inserted: true } };
  }

  function stream(run: NonNullable<ReturnType<typeof runs.get>>, post: FileStreamPost): void {
    run.posts += 1;
    for (const [name, { offset, content }] of Object.entries(post.files ?? {})) {
      run.lines[name] ??= [];
      const lines = run.lines[name];
      while (lines.length < offset) lines.push(null);
      lines.splice(offset, content.length, ...content);
    }
    if (post.complete) Object.assign(run, { complete: true, exitCode: post.exitcode });
  }

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const authorized = request.headers.authorization === `Basic ${Buffer.from(`api:${key}`).toString('base64')}`;
    const content = authorized ? answer(request.url ?? '', body) : { error: 'unauthorized' };
    response.writeHead(authorized ? (content === undefined ? 404 : 200) : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(content ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, run: (id) => runs.get(id) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
