import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Where a program runs, and what its environment holds beside the caller's PATH and language. */
export interface Surroundings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program left behind. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server on this machine's loopback address. */
export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  /** Ends the server, and resolves once it is gone. */
  stop(): Promise<void>;
}

/** Runs a program to its end. */
export async function run(command: string, args: readonly string[], surroundings: Surroundings): Promise<Ended> {
  const child = start(command, args, surroundings);
  let [stdout, stderr] = ['', ''];
  child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}

/** Starts a server, and resolves once it has printed its address; rejects with what it printed where it ends before. */
export async function serve(command: string, args: readonly string[], surroundings: Surroundings): Promise<Server> {
  const child = start(command, args, surroundings);
  const closed = once(child, 'close');
  const stop = async () => {
    child.kill();
    await closed;
  };
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        printed += piece;
        // A piece of output may end in the middle of the port: the character behind it must be there.
        const [, address] = /(http:\/\/127\.0\.0\.1:\d+)[/"\s]/.exec(printed) ?? [];
        if (address !== undefined) resolve(address);
      });
    }
    closed.then(() => reject(new Error(`${command} ended before it served:\n${printed}`)), reject);
  });
  return { url, stop };
}

// Settings of the user's own must not reach the programs, nor may their files reach the user's home.
function start(command: string, args: readonly string[], { cwd, env }: Surroundings): ChildProcess {
  const { PATH = '', LANG = 'C.UTF-8' } = process.env;
  return spawn(command, args, { cwd, env: { PATH, LANG, HOME: cwd, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}
