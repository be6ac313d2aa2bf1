import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { type ArtifactStore, artifactStore } from './artifact-store.js';

/** What becomes of one request. Without a fault it is applied and answered. */
export type Fault =
  /** Answered by this status, not applied. */
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** The connection is cut before anything is applied, or after. */
  | 'reset'
  | 'lost'
  /** Applied, and the connection cut in the middle of the answer's body. */
  | 'truncated'
  /** Not applied, and never answered. */
  | 'hang'
  /** Applied, after the network has brought the file-stream post before it a second time. */
  | 'duplicate';

/** One request as it came. */
export interface SeenRequest {
  readonly kind: 'file_stream' | 'file' | 'graphql';
  /** The GraphQL operation's name; the name of the file. */
  readonly name: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A run as the server has it. */
export interface KeptRun {
  config: Record<string, { value: unknown }>;
  variables: Record<string, unknown>;
  readonly lines: Record<string, (string | null)[]>;
  readonly files: Map<string, Buffer>;
  readonly announced: string[];
  summary: string;
  exitCodes: number[];
  isOver: boolean;
  upserts: number;
  heartbeats: number;
  /** Lines that came again, as after a lost answer. */
  resent: number;
  /** Breaks of the protocol. */
  readonly anomalies: string[];
}

interface FileStreamBody {
  readonly files?: Record<string, { offset: number; content: string[] }>;
  readonly uploaded?: string[];
  readonly complete?: boolean;
  readonly exitcode?: number;
}

/** A W&B server's upload side on the loopback, which keeps each line at its offset and misbehaves when it is told to. */
export interface UploadServer {
  readonly url: string;
  readonly runs: Map<string, KeptRun>;
  readonly artifacts: ArtifactStore;
  readonly requests: SeenRequest[];
  /** Asked of each request before it is answered. */
  fault: (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;
  /** Called after a request was applied, before its answer. */
  onApplied: (request: SeenRequest) => void;
  /** Called when a request hangs. */
  onHang: () => void;
  readonly features: string[];
  stopped: boolean;
  /** The only key that it takes. */
  key: string;
  /** Cuts each connection and takes no more; what it has stays. */
  goDown(): Promise<void>;
  /** Serves again, where it did. */
  comeBack(): Promise<void>;
}

export const KEY = '0123456789abcdef0123456789abcdef01234567';
export const ENTITY = 'stand-in';
export const HISTORY = 'wandb-history.jsonl';

/** Begins with no runs; closes when the test is over. */
export async function uploadServer(key: string): Promise<UploadServer> {
  let lastPost: { run: KeptRun; body: FileStreamBody } | undefined;

  function apply(request: SeenRequest, path: string): unknown {
    if (request.kind === 'graphql') return answer(JSON.parse(request.body.toString()));
    if (path.startsWith('/storage/artifacts/')) {
      server.artifacts.put(path.split('/')[3]!, request.name, request.body);
      return {};
    }
    const [entity, project, id] = path.split('/').slice(2, 5).map(decodeURIComponent);
    const run = server.runs.get(`${entity}/${project}/${id}`);
    if (run === undefined) return undefined;
    if (request.kind === 'file') {
      run.files.set(request.name, request.body);
      return {};
    }
    const packed = request.headers['content-encoding'] === 'gzip';
    const body = JSON.parse((packed ? gunzipSync(request.body) : request.body).toString()) as FileStreamBody;
    stream(run, body);
    lastPost = { run, body };
    return { exitcode: null, limits: {}, ...(server.stopped ? { stopped: true } : {}) };
  }

  function answer(body: { operationName: string; query: string; variables: Record<string, unknown> }): object {
    try {
      return { data: server.artifacts.answer(body.operationName, body.variables) ?? graphql(body) };
    } catch (error) {
      return { errors: [{ message: (error as Error).message }] };
    }
  }

  function graphql({ query, variables }: { query: string; variables: Record<string, unknown> }): unknown {
    const place = (entity: unknown, project: unknown, name: unknown) =>
      `${entity ?? ENTITY}/${project ?? 'uncategorized'}/${name}`;
    if (query.includes('upsertBucket')) {
      const path = place(variables.entity, variables.project, variables.name);
      const known = server.runs.get(path);
      const run = known ?? newRun();
      server.runs.set(path, run);
      run.upserts += 1;
      run.isOver = false;
      run.variables = { ...run.variables, ...variables };
      run.config = JSON.parse(String(variables.config ?? '{}'));
      return { upsertBucket: { bucket: bucketOf(path, run), inserted: known === undefined } };
    }
    if (query.includes('serverInfo')) {
      return { serverInfo: { features: server.features.map((name) => ({ name, isEnabled: true })) } };
    }
    if (query.includes('createRunFiles')) {
      const { entity, project, run, files } = variables as {
        entity: string;
        project: string;
        run: string;
        files: string[];
      };
      const urlOf = (name: string) => `/storage/${entity}/${project}/${run}/${encodeURIComponent(name)}?signature=s`;
      const targets = files.map((name) => ({ name, uploadUrl: urlOf(name) }));
      return { createRunFiles: { runID: run, uploadHeaders: ['X-Signed:yes'], files: targets } };
    }
    if (query.includes('model(')) {
      const path = place(variables.entity, variables.project, variables.name);
      const [entity, project] = path.split('/');
      const run = server.runs.get(path);
      return { model: { name: project, entity: { name: entity }, bucket: run ? bucketToResume(path, run) : null } };
    }
    const path = place(variables.entityName, variables.projectName, variables.runId);
    const run = server.runs.get(path);
    return { project: { run: run && bucketOf(path, run) } };
  }

  function bucketOf(path: string, run: KeptRun): unknown {
    const [entity, project, name] = path.split('/');
    return {
      id: `id-${name}`,
      name,
      displayName: run.variables.displayName,
      project: { id: 'p', name: project, entity: { id: 'e', name: entity } },
      state: run.isOver ? 'finished' : 'running',
      historyLineCount: run.lines[HISTORY]?.length ?? 0,
      eventsLineCount: run.lines['wandb-events.jsonl']?.length ?? 0,
      logLineCount: run.lines['output.log']?.length ?? 0,
    };
  }

  function bucketToResume(path: string, run: KeptRun): unknown {
    const tail = (name: string) => JSON.stringify((run.lines[name] ?? []).slice(-1));
    const { t } = (run.config._wandb?.value ?? {}) as { t?: unknown };
    return {
      ...(bucketOf(path, run) as object),
      tags: run.variables.tags ?? [],
      notes: run.variables.notes ?? null,
      config: JSON.stringify(run.config),
      wandbConfig: JSON.stringify({ t }),
      summaryMetrics: run.summary,
      historyTail: tail(HISTORY),
      eventsTail: tail('wandb-events.jsonl'),
    };
  }

  const server: Omit<UploadServer, 'goDown' | 'comeBack'> = {
    url: '',
    runs: new Map(),
    artifacts: artifactStore(),
    requests: [],
    fault: () => undefined,
    onApplied: () => {},
    onHang: () => {},
    features: [],
    stopped: false,
    key,
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0]!;
    const body = await bodyOf(request);
    if (body === undefined) return;
    const seen = seenRequest(path, request, body);
    server.requests.push(seen);
    const fault = await server.fault(seen);
    if (fault === 'hang') return server.onHang();
    if (fault === 'reset') return void request.socket.destroy();
    if (typeof fault === 'object') {
      response.writeHead(fault.status, fault.headers);
      response.end(fault.body ?? '{"error":"injected"}');
      return;
    }
    const authorization = `Basic ${Buffer.from(`api:${server.key}`).toString('base64')}`;
    const isAllowed = seen.kind === 'file' || request.headers.authorization === authorization;
    if (fault === 'duplicate' && lastPost && seen.kind === 'file_stream') stream(lastPost.run, lastPost.body);
    const answer = isAllowed ? apply(seen, path) : { error: 'unauthorized' };
    server.onApplied(seen);
    if (fault === 'lost') return void request.socket.destroy();
    const text = Buffer.from(JSON.stringify(answer ?? { error: 'no such run' }));
    response.writeHead(isAllowed ? (answer === undefined ? 404 : 200) : 401, { 'content-length': text.length });
    if (fault !== 'truncated') return void response.end(text);
    response.write(text.subarray(0, text.length >> 1), () => request.socket.destroy());
  }

  const http = createServer((request, response) => void serve(request, response));
  const listen = (port: number) => new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  const goDown = () =>
    new Promise<void>((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    });
  await listen(0);
  onTestFinished(() => void goDown());
  const { port } = http.address() as AddressInfo;
  return Object.assign(server, { url: `http://127.0.0.1:${port}`, goDown, comeBack: () => listen(port) });
}

function newRun(): KeptRun {
  return {
    config: {},
    variables: {},
    lines: {},
    files: new Map(),
    announced: [],
    summary: '{}',
    exitCodes: [],
    isOver: false,
    upserts: 0,
    heartbeats: 0,
    resent: 0,
    anomalies: [],
  };
}

function stream(run: KeptRun, body: FileStreamBody): void {
  if (Object.keys(body).length === 0) run.heartbeats += 1;
  if (run.isOver) run.anomalies.push('a post after complete');
  for (const [name, { offset, content }] of Object.entries(body.files ?? {})) {
    if (name === 'wandb-summary.json') {
      run.summary = content.at(-1)!;
      continue;
    }
    run.lines[name] ??= [];
    const lines = run.lines[name];
    if (offset > lines.length) run.anomalies.push(`a gap in ${name} before ${offset}`);
    for (const [at, line] of content.entries()) {
      const before = lines[offset + at];
      if (before === line) run.resent += 1;
      else if (before !== undefined) run.anomalies.push(`${name}:${offset + at} is overwritten`);
      while (lines.length < offset + at) lines.push(null);
      lines[offset + at] = line;
    }
  }
  run.announced.push(...(body.uploaded ?? []));
  if (body.complete) {
    run.isOver = true;
    run.exitCodes.push(body.exitcode!);
  }
}

function seenRequest(path: string, { headers }: IncomingMessage, body: Buffer): SeenRequest {
  if (path === '/graphql') return { kind: 'graphql', name: JSON.parse(body.toString()).operationName, headers, body };
  if (path.endsWith('/file_stream')) return { kind: 'file_stream', name: '', headers, body };
  return { kind: 'file', name: decodeURIComponent(path.split('/').at(-1)!), headers, body };
}

/** Nothing where the connection is cut before the body's end. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
