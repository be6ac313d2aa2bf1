import { spawnSync } from 'node:child_process';

/** The repository that a program was started in. */
export interface GitInfo {
  /** Without user and password. */
  readonly remoteUrl?: string;
  /** The whole hash of HEAD. */
  readonly commit?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LIMIT_MS = 2_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

/**
 * Asks git for the commit of the repository around `cwd` and the address of its remote `origin`, or the one that
 * `WANDB_GIT_REMOTE` names. `WANDB_GIT_COMMIT` and `WANDB_GIT_REMOTE_URL` come before what git says. Undefined where
 * neither is known: no git, no repository, no answer within 2 s. Blocks for that long at most, usually a few ms.
 */
export function gitInfo(cwd: string, env: Environment = process.env): GitInfo | undefined {
  const git = (...args: string[]) => answerOfGit(args, cwd, env);
  const commit = env.WANDB_GIT_COMMIT || git('rev-parse', '--verify', 'HEAD');
  const remote = env.WANDB_GIT_REMOTE || 'origin';
  // The commit's own answer says whether there is a repository; one without commits has no use for its remote.
  const remoteUrl =
    env.WANDB_GIT_REMOTE_URL || (commit === undefined ? undefined : git('config', '--get', `remote.${remote}.url`));
  if (commit === undefined && remoteUrl === undefined) return undefined;
  return {
    ...(remoteUrl === undefined ? {} : { remoteUrl: withoutCredentials(remoteUrl) }),
    ...(commit === undefined ? {} : { commit }),
  };
}

/** What git prints, or undefined: a program that hangs is killed. */
function answerOfGit(args: readonly string[], cwd: string, env: Environment): string | undefined {
  const { status, stdout } = spawnSync('git', args, {
    cwd,
    env: childEnvironment(env),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT_BYTES,
    windowsHide: true,
  });
  return status === 0 ? stdout.trim() || undefined : undefined;
}

// git sets the first three for its hooks, and they would show another repository than the one around the folder.
const HIDDEN = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'WANDB_API_KEY'];

function childEnvironment(env: Environment): Record<string, string | undefined> {
  const shown = Object.entries(env).filter(([name]) => !HIDDEN.includes(name));
  return { ...Object.fromEntries(shown), GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };
}

/** A remote's address without user, password and query, where tokens stand; `git@host:path` is none and stays. */
export function withoutCredentials(url: string): string {
  const [, scheme, authority, rest] = /^([a-z][a-z0-9+.-]*:\/\/)([^/]*)(.*)$/is.exec(url) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) return url;
  const address = `${scheme}${authority.slice(authority.lastIndexOf('@') + 1)}`;
  return /^https?:/i.test(scheme) ? `${address}${rest.replace(/[?#].*$/s, '')}` : `${address}${rest}`;
}
