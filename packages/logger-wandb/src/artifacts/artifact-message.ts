/** A log's record of an artifact, of any client: what is empty, zero or false is absent. */
export interface ArtifactMessage {
  readonly type?: string;
  readonly name?: string;
  readonly digest?: string;
  readonly description?: string;
  /** JSON text. */
  readonly metadata?: string;
  readonly aliases?: readonly string[];
  readonly tags?: readonly string[];
  readonly manifest?: {
    readonly contents?: readonly ArtifactFileMessage[];
    readonly storagePolicy?: string;
    readonly storagePolicyConfig?: readonly { readonly key?: string }[];
    readonly manifestFilePath?: string;
  };
  readonly finalize?: boolean;
  readonly clientId?: string;
  readonly sequenceClientId?: string;
  readonly userCreated?: boolean;
  readonly useAfterCommit?: boolean;
  readonly distributedId?: string;
  readonly baseId?: string;
  readonly ttlSeconds?: number;
  readonly incremental?: boolean;
}

/** One file of an artifact; `digest` is its MD5 in base64. */
export interface ArtifactFileMessage {
  readonly path?: string;
  readonly digest?: string;
  readonly size?: number;
  readonly localPath?: string;
  /** Where a file is that is not part of the artifact. */
  readonly ref?: string;
  readonly extra?: readonly unknown[];
}

const OUR_POLICY = 'wandb-storage-policy-v1';

/** Which of an artifact's properties only the client that wrote it can bring to a server; nothing where there is none. */
export function foreignProperty(message: ArtifactMessage): string | undefined {
  const { manifest = {}, userCreated, useAfterCommit, distributedId, baseId, ttlSeconds, incremental } = message;
  const { contents = [], storagePolicy, storagePolicyConfig = [], manifestFilePath } = manifest;
  const found = {
    'a creator that is no run': userCreated,
    'a run that uses it': useAfterCommit,
    'several makers': distributedId,
    'a base': baseId,
    'a time to live': ttlSeconds,
    'a part of its files': incremental || message.finalize !== true,
    'a manifest of its own': manifestFilePath,
    'another storage': storagePolicy !== OUR_POLICY || storagePolicyConfig.some(({ key }) => key !== 'storageLayout'),
    'references instead of files': contents.some(({ ref, extra, localPath }) => ref || extra?.length || !localPath),
  };
  return Object.entries(found).find(([, isThere]) => isThere)?.[0];
}
