import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LoggerError } from '@microbatch/core/logger';
import { type Environment, variable } from './environment.js';
import { NetrcError, parseNetrc } from './netrc.js';

/** A key and where it stands. */
export interface FoundKey {
  readonly key: string;
  /** What to name in a message: `apiKey`, `WANDB_API_KEY` or the netrc file. */
  readonly source: string;
}

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const MIN_SECRET_CHARACTERS = 40;

/** What is wrong with a key, by the official client's own rules, without a part of it; undefined where nothing is. */
function keyProblem(key: string): string | undefined {
  if (JWT.test(key)) return undefined;
  // Keys of self-hosted servers have a prefix of any length before a dash.
  const secret = key.slice(key.indexOf('-') + 1);
  if (!/^[\w-]+$/.test(secret)) return 'a key holds only letters, digits, dashes and underscores';
  if (secret.length >= MIN_SECRET_CHARACTERS) return undefined;
  return `a key has at least ${MIN_SECRET_CHARACTERS} characters, and this one ${secret.length}`;
}

/** Refuses an `apiKey` that is none, with a `TypeError` that does not repeat it. */
export function checkedKeyOption(apiKey: unknown): string | undefined {
  if (apiKey === undefined) return undefined;
  if (typeof apiKey !== 'string') throw new TypeError(`apiKey must be a string, not of type ${typeof apiKey}`);
  const problem = keyProblem(apiKey);
  if (problem !== undefined) throw new TypeError(`apiKey is not a W&B key: ${problem}`);
  return apiKey;
}

/** What looking for a key came to; `problem` says why a netrc file that is there gave none. */
export interface KeySearch {
  readonly found?: FoundKey;
  readonly problem?: string;
}

/** Looks a server's key up: the option, `WANDB_API_KEY`, netrc. */
export function findKey(apiKey: string | undefined, baseUrl: string, env: Environment): KeySearch {
  if (apiKey !== undefined) return { found: { key: apiKey, source: 'apiKey' } };
  const key = variable(env, 'WANDB_API_KEY');
  if (key !== undefined) return { found: { key, source: 'WANDB_API_KEY' } };
  return keyOfNetrc(new URL(baseUrl).host, env);
}

/**
 * The key that the server gets; `purpose` says in the error what needs it. Throws a `LoggerError`: `no-key` where there is
 * none, `bad-key` where it has not the form of one.
 */
export function requireKey({ found, problem }: KeySearch, baseUrl: string, purpose: string): string {
  if (found === undefined) {
    const message =
      `${purpose} needs an API key for ${baseUrl}: set WANDB_API_KEY, run \`wandb login\`, which writes it to netrc, ` +
      `or log with mode 'offline', which needs none${problem === undefined ? '' : ` (${problem})`}`;
    throw new LoggerError('wandb', 'no-key', message);
  }
  const reason = keyProblem(found.key);
  if (reason === undefined) return found.key;
  throw new LoggerError('wandb', 'bad-key', `${found.source} holds no W&B key: ${reason}`);
}

function keyOfNetrc(host: string, env: Environment): KeySearch {
  for (const path of netrcPaths(env)) {
    try {
      const entry = parseNetrc(readFileSync(path, 'utf8'))(...sameServer(host));
      if (entry === undefined) return {};
      if (entry.password === '') return { problem: `the entry for ${host} in ${path} has no password` };
      return { found: { key: entry.password, source: path } };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') continue;
      return { problem: `${path} can't be read: ${error instanceof NetrcError ? message : (code ?? 'unreadable')}` };
    }
  }
  return {};
}

function netrcPaths(env: Environment): string[] {
  const home = variable(env, process.platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? homedir();
  const named = variable(env, 'NETRC');
  if (named !== undefined) return [named.replace(/^~(?=[/\\]|$)/, () => home)];
  return [join(home, '.netrc'), join(home, '_netrc')];
}

/** W&B's cloud has two addresses, and `wandb login` stores its key under the one that its version knows. */
const CLOUD = ['api.wandb.ai', 'api.forge.coreweave.com'];

function sameServer(host: string): readonly string[] {
  return CLOUD.includes(host) ? [host, ...CLOUD.filter((other) => other !== host)] : [host];
}
