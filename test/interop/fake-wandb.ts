import { join } from 'node:path';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { parseLooseJson } from './loose-json.js';
import { type Server, serve } from './programs.js';

/** The key `_wandb` of a config. */
export interface AboutRun {
  readonly value: { readonly m?: readonly Readonly<Record<string, unknown>>[] };
}

/** What the server knows of a run. */
export interface RunReport {
  readonly run: string;
  readonly entity: string;
  readonly displayName: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly config: { readonly _wandb?: AboutRun; readonly [key: string]: { readonly value: unknown } | undefined };
  readonly summary: Readonly<Record<string, unknown>>;
  readonly complete: boolean | null;
  readonly exitcode: number | null;
  readonly anomalies: readonly unknown[];
}

/** A running `fake-wandb-server/fake_wandb_server.py`. */
export interface FakeWandb extends Server {
  /** The only run of a project. */
  run(project: string): Promise<RunReport>;
  /** The rows of that run's history, null for each one missing. */
  history(project: string): Promise<unknown[]>;
}

/** Starts the server; it keeps what it writes in `cwd`. */
export async function fakeWandb(cwd: string): Promise<FakeWandb> {
  const script = join(import.meta.dirname, 'fake-wandb-server/fake_wandb_server.py');
  const server = await serve(
    pythonProgram('wandb-0.31', 'python'),
    [script, '--no-bodies', '--log', 'requests.jsonl'],
    {
      cwd,
    },
  );

  async function ask(path: string): Promise<unknown> {
    return parseLooseJson(await (await fetch(`${server.url}/__fake__/${path}`)).text());
  }

  async function report(project: string): Promise<RunReport> {
    const { runs } = (await ask('report')) as { runs: (RunReport & { project: string })[] };
    const found = runs.filter((run) => run.project === project);
    if (found.length !== 1) throw new Error(`the server has ${found.length} runs of project ${project}`);
    return found[0]!;
  }

  return {
    ...server,
    run: report,
    async history(project) {
      const { entity, run } = await report(project);
      const { lines } = (await ask(`lines?${new URLSearchParams({ entity, project, run })}`)) as { lines: string[] };
      return lines.map((line) => (line === null ? null : parseLooseJson(line)));
    },
  };
}
