import { createHash, randomBytes } from 'node:crypto';
import type { PlainMessage } from '../log/proto.js';
import type { ArtifactHead } from './artifact-options.js';
import type { StagedFile } from './stage-file.js';

/** One file of an artifact, ready to be uploaded. */
export interface ArtifactEntry extends StagedFile {
  /** Inside the artifact, with `/` between names. */
  readonly path: string;
}

/** One version of an artifact, with the run that makes it. */
export interface Artifact extends ArtifactHead {
  readonly runId: string;
  readonly project: string;
  readonly entity: string;
  /** Ordered by path. */
  readonly entries: readonly ArtifactEntry[];
  /** MD5 of the manifest, in hex. */
  readonly digest: string;
  /** By which other data may mean this version, before a server knows it, and its sequence of versions. */
  readonly clientId: string;
  readonly sequenceClientId: string;
}

/** The run that an artifact comes from. */
export interface ArtifactRun {
  readonly id: string;
  /** W&B's own `uncategorized` where absent: the record must name one. */
  readonly project?: string | undefined;
  readonly entity?: string | undefined;
}

const DEFAULT_PROJECT = 'uncategorized';
const CLIENT_ID_CHARACTERS = 128;

export function createArtifact(run: ArtifactRun, head: ArtifactHead, entries: readonly ArtifactEntry[]): Artifact {
  return {
    ...head,
    runId: run.id,
    project: run.project || DEFAULT_PROJECT,
    entity: run.entity ?? '',
    entries,
    digest: manifestDigest(entries),
    clientId: newClientId(),
    sequenceClientId: newClientId(),
  };
}

/** The record by which a log names an artifact, and where its files are. */
export function artifactRecord({ entries, ...about }: Artifact): PlainMessage {
  return {
    artifact: {
      ...about,
      manifest: {
        version: 1,
        storagePolicy: 'wandb-storage-policy-v1',
        storagePolicyConfig: [{ key: 'storageLayout', valueJson: '"V2"' }],
        contents: entries,
      },
      finalize: true,
      digestAlgorithm: 'MANIFEST_MD5',
    },
  };
}

// FORMAT: a line that names the format, then for each file in the order of paths "<path>:<MD5 in base64>\n".
function manifestDigest(entries: readonly ArtifactEntry[]): string {
  const md5 = createHash('md5').update('wandb-artifact-manifest-v1\n');
  for (const { path, digest } of entries) md5.update(`${path}:${digest}\n`);
  return md5.digest('hex');
}

/** Letters and digits in lower case, as W&B wants them. */
function newClientId(): string {
  return Array.from(randomBytes(CLIENT_ID_CHARACTERS), (byte) => (byte % 36).toString(36)).join('');
}
