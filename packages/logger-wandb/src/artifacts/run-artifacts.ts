import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { assertOptions, LoggerError } from '@microbatch/core/logger';
import type { Artifact, ArtifactRun } from './artifact.js';
import { type ArtifactOptions, artifactHead } from './artifact-options.js';
import { type ArtifactSource, assertSource, defaultName } from './find-contents.js';
import { stageArtifact } from './stage-artifact.js';

/** An artifact that a run has logged. */
export interface LoggedArtifact {
  readonly name: string;
  /** MD5 of the manifest, in hex: two artifacts of the same files have the same. */
  readonly digest: string;
}

/** The artifacts of one run on their way into its log. */
export interface RunArtifacts {
  /**
   * Copies what the artifact holds, then writes it; artifacts are written in the order of the calls. Resolves with nothing
   * where the run keeps nothing. Rejects as `stageArtifact` does, or with a `LoggerError` (`artifact-failed`).
   */
  add(source: ArtifactSource, options: ArtifactOptions): Promise<LoggedArtifact | undefined>;
  /** Artifacts that are being copied. */
  readonly waiting: number;
  /** Resolves when all those are written, or have failed. */
  settled(): Promise<void>;
}

const OPTION_NAMES = ['name', 'type', 'description', 'metadata', 'aliases', 'tags'];
/** Inside a run's folder: the copies of what its artifacts hold. */
export const ARTIFACTS_FOLDER = 'artifacts';

export function createRunArtifacts(
  run: ArtifactRun,
  options: {
    /** The run's folder; copies go into folders below it. Absent for a run that keeps nothing. */
    readonly path: string | undefined;
    /** Writes the artifact. Returns whether it is written. */
    readonly write: (artifact: Artifact) => boolean;
  },
): RunArtifacts {
  const { path, write } = options;
  let last: Promise<unknown> = Promise.resolve();
  let count = 0;
  let waiting = 0;

  async function stage(source: ArtifactSource, head: ArtifactOptions, folder: string): Promise<Artifact> {
    // Each artifact has copies of its own: `wandb sync` deletes them with the first artifact that is uploaded.
    const stagingDir = resolve(folder, ARTIFACTS_FOLDER, String(++count));
    try {
      return await stageArtifact(source, { ...head, run, stagingDir });
    } catch (cause) {
      // Why the copies can't be made is the better reason, where they can't be removed either.
      await rm(stagingDir, { recursive: true, force: true }).catch(() => {});
      if (cause instanceof TypeError || cause instanceof LoggerError) throw cause;
      const message = `wandb: the artifact can't be copied into ${stagingDir}: ${(cause as Error).message}`;
      throw new LoggerError('wandb', 'artifact-failed', message, { cause });
    }
  }

  async function addBehind(
    before: Promise<unknown>,
    source: ArtifactSource,
    head: ArtifactOptions,
    folder: string,
  ): Promise<LoggedArtifact | undefined> {
    waiting++;
    try {
      const [, staged] = await Promise.allSettled([before, stage(source, head, folder)]);
      if (staged.status === 'rejected') throw staged.reason;
      const { name, digest } = staged.value;
      return write(staged.value) ? { name, digest } : undefined;
    } finally {
      waiting--;
    }
  }

  return {
    async add(source, head) {
      assertOptions('logArtifact', head, OPTION_NAMES);
      assertSource(source);
      artifactHead(head, defaultName(source, run.id));
      if (path === undefined) return undefined;
      const added = addBehind(last, source, head, path);
      last = added.catch(() => {});
      return await added;
    },
    get waiting() {
      return waiting;
    },
    async settled() {
      await last;
    },
  };
}
