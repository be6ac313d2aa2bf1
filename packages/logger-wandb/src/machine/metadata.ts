import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { cpus, machine, release, totalmem, type } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { staysInside } from '../files/stays-inside.js';
import { withoutKeys } from '../settings/hiding-secrets.js';
import type { GitInfo } from './git-info.js';

/** The name of a run's metadata file, in `files/`. */
export const METADATA_FILE = 'wandb-metadata.json';

/** A run's metadata file. Its names are those of the official client's EnvironmentRecord; byte counts are texts. */
export interface Metadata {
  readonly os: string;
  /** The official client's `python`: this is no Python. */
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly args?: readonly string[];
  readonly program?: string;
  /** The program, seen from the repository's top folder, and from the working directory; with slashes. */
  readonly codePath?: string;
  readonly codePathLocal?: string;
  readonly git?: { readonly remote?: string; readonly commit?: string };
  /** The folder that `wandb/` is in. */
  readonly root: string;
  readonly host?: string;
  /** The program that runs the program. */
  readonly executable: string;
  readonly cpu_count?: number;
  readonly cpu_count_logical: number;
  readonly disk?: Readonly<Record<string, { readonly total: string; readonly used: string }>>;
  readonly memory: { readonly total: string };
}

/**
 * Describes this machine and this process, for whoever looks at a run. Of the environment's variables it holds none;
 * `secrets` are taken out of all that the user typed.
 */
export function metadata(about: {
  /** ms since 1970. */
  readonly startedAt: number;
  readonly root: string;
  readonly secrets: readonly string[];
  readonly host?: string | undefined;
  readonly program?: string | undefined;
  readonly git?: { readonly [Field in keyof GitInfo]?: string | undefined } | undefined;
  readonly args?: readonly string[];
}): Metadata {
  const { host, git, args = process.argv.slice(2) } = about;
  const clean = (text: string) => withoutKeys(text, about.secrets);
  const program = about.program === undefined ? undefined : clean(about.program);
  const disk = rootDisk();
  const cores = physicalCores();
  return {
    os: `${type()}-${release()}-${machine()}`,
    node: process.version,
    startedAt: new Date(about.startedAt).toISOString(),
    ...(args.length === 0 ? {} : { args: args.map(clean) }),
    ...(program === undefined ? {} : { program, ...codePaths(program, process.cwd()) }),
    ...(git === undefined ? {} : { git: { ...field('remote', git.remoteUrl), ...field('commit', git.commit) } }),
    root: resolve(about.root),
    ...field('host', host),
    executable: process.execPath,
    ...(cores === undefined ? {} : { cpu_count: cores }),
    cpu_count_logical: cpus().length,
    ...(disk === undefined ? {} : { disk: { '/': disk } }),
    memory: { total: String(totalmem()) },
  };
}

function field<Name extends string>(name: Name, value: string | undefined): { readonly [Key in Name]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]?: string });
}

/** None of a program that is not a file in the repository, or the working directory. */
function codePaths(program: string, cwd: string): Pick<Metadata, 'codePath' | 'codePathLocal'> {
  const path = resolve(cwd, program);
  if (!existsSync(path)) return {};
  return { ...field('codePath', below(repositoryRoot(cwd) ?? cwd, path)), ...field('codePathLocal', below(cwd, path)) };
}

function below(folder: string, path: string): string | undefined {
  const way = relative(folder, path);
  return staysInside(way) ? way.replaceAll('\\', '/') : undefined;
}

function repositoryRoot(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  return dirname(folder) === folder ? undefined : repositoryRoot(dirname(folder));
}

/** Where the platform tells: /proc/cpuinfo has a block for each logical core, with the ids of its socket and its core. */
function physicalCores(): number | undefined {
  try {
    const blocks = readFileSync('/proc/cpuinfo', 'latin1').split('\n\n');
    const ids = blocks.map((block) => /^(?:physical|core) id.*$/gm[Symbol.match](block)?.join()).filter(Boolean);
    return new Set(ids).size || undefined;
  } catch {
    return undefined;
  }
}

function rootDisk(): { total: string; used: string } | undefined {
  try {
    const { bsize, blocks, bfree } = statfsSync('/');
    return { total: String(blocks * bsize), used: String((blocks - bfree) * bsize) };
  } catch {
    return undefined;
  }
}
