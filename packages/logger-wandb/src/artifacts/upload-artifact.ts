import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LoggerNotice } from '@microbatch/core/logger';
import { putFile } from '../upload/put-file.js';
import { type Requester, RequestFailed } from '../upload/requester.js';
import type { ServerRun } from '../upload/run-bucket.js';
import type { ArtifactApi, ServerArtifact } from './artifact-api.js';
import { type ArtifactFileMessage, type ArtifactMessage, foreignProperty } from './artifact-message.js';
import { findCopy } from './find-copy.js';
import { ARTIFACTS_FOLDER } from './run-artifacts.js';

/** What an artifact's upload works with. */
export interface ArtifactContext {
  /** The log's folder. */
  readonly runFolder: string;
  readonly run: ServerRun;
  readonly api: ArtifactApi;
  readonly requester: Requester;
  readonly onNotice: (notice: LoggerNotice) => void;
}

/** What the server does not get, and why. */
class NotUploadable extends Error {}

const FILES_AT_ONCE = 100;
const MAX_UPLOADS = 4;
/** What storage takes in one piece. */
const MAX_FILE_BYTES = 5 * 1024 ** 3;

/**
 * Uploads an artifact of a log's run, as the official client does: the server knows by the record's id, and by the files'
 * digests, what it has already, so that uploading it again makes no second version. What can't be uploaded is a notice and
 * does not end the run's upload. Throws `UploadAborted`, or `RequestFailed` where the server does not accept the key.
 */
export async function uploadArtifact(message: ArtifactMessage, context: ArtifactContext): Promise<void> {
  try {
    const foreign = foreignProperty(message);
    if (foreign !== undefined)
      throw new NotUploadable(`it has ${foreign}: only the client that logged it can upload it`);
    await upload(message, context);
  } catch (error) {
    const isOfArtifact = error instanceof NotUploadable || (error instanceof RequestFailed && error.status !== 401);
    if (!isOfArtifact) throw error;
    const kept = join(context.runFolder, ARTIFACTS_FOLDER);
    const text = `the artifact ${JSON.stringify(message.name)} is not uploaded: ${error.message}; its files are in ${kept}`;
    context.onNotice({ level: 'warn', code: 'artifact-not-uploaded', message: text });
  }
}

async function upload(message: ArtifactMessage, context: ArtifactContext): Promise<void> {
  const { run, api, requester } = context;
  const artifact = await api.create(run, message);
  if (artifact.state === 'COMMITTED') return;
  if (artifact.state !== 'PENDING' && artifact.state !== 'DELETED') {
    throw new NotUploadable(`the server says that it is ${artifact.state}`);
  }
  const births = await uploadFiles(message.manifest?.contents ?? [], artifact, context);
  const bytes = Buffer.from(JSON.stringify(manifestOf(message, births)));
  const digest = createHash('md5').update(bytes).digest('base64');
  const isThere = await putFile(
    `uploading the manifest of ${JSON.stringify(message.name)}`,
    { bytes },
    {
      findTarget: () => api.manifestTarget(run, artifact, digest),
      requester,
    },
  );
  if (!isThere) throw new NotUploadable('the server gives no place for its manifest');
  try {
    await api.commit(artifact);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    // A lost answer may have been that it is done.
    if ((await api.create(run, message)).state !== 'COMMITTED') throw error;
  }
}

/** Returns which version brought each file, by path. */
async function uploadFiles(
  files: readonly ArtifactFileMessage[],
  artifact: ServerArtifact,
  context: ArtifactContext,
): Promise<ReadonlyMap<string, string>> {
  const { run, api } = context;
  const births = new Map<string, string>();
  const manifestId = await api.createManifest(run, artifact);
  for (let first = 0; first < files.length; first += FILES_AT_ONCE) {
    const part = files.slice(first, first + FILES_AT_ONCE);
    const specs = part.map(({ path = '', digest = '' }) => ({ path, digest }));
    const places = await api.filePlaces(artifact, manifestId, specs);
    await inParallel(specs.entries(), async ([index, spec]) => {
      births.set(spec.path, places[index]!.birthArtifactId);
      if (places[index]!.target === undefined) return;
      let target: (typeof places)[number]['target'] = places[index]!.target;
      await uploadContent(part[index]!, context, async () => {
        const found = target ?? (await api.filePlaces(artifact, manifestId, [spec]))[0]!.target;
        target = undefined;
        return found;
      });
    });
  }
  return births;
}

async function uploadContent(
  file: ArtifactFileMessage,
  { runFolder, requester }: ArtifactContext,
  findTarget: Parameters<typeof putFile>[2]['findTarget'],
): Promise<void> {
  const name = JSON.stringify(file.path);
  const { size = 0 } = file;
  if (size > MAX_FILE_BYTES) throw new NotUploadable(`its file ${name} has more than 5 GiB, which needs wandb sync`);
  const path = await findCopy(file, runFolder);
  if (path === undefined) throw new NotUploadable(`the copy of its file ${name} is gone`);
  try {
    await putFile(`uploading the artifact's file ${name}`, { path, size }, { findTarget, requester });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined || error instanceof RequestFailed) throw error;
    throw new NotUploadable((error as Error).message);
  }
}

/** Does `work` for each item, a few at a time. Throws the first failure when all that were begun are over. */
async function inParallel<T>(items: Iterator<T> & Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  async function worker(): Promise<void> {
    for (let next = items.next(); !next.done && failure === undefined; next = items.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failure ??= { error };
      }
    }
  }
  await Promise.all(Array.from({ length: MAX_UPLOADS }, worker));
  if (failure !== undefined) throw failure.error;
}

/** `wandb_manifest.json`, without where the files were on this machine. */
function manifestOf({ manifest = {} }: ArtifactMessage, births: ReadonlyMap<string, string>): object {
  const contents = (manifest.contents ?? []).map(({ path = '', digest = '', size = 0 }) => {
    return [path, { digest, size, birthArtifactID: births.get(path), skip_cache: false }] as const;
  });
  return {
    version: 1,
    storagePolicy: 'wandb-storage-policy-v1',
    storagePolicyConfig: { storageLayout: 'V2' },
    contents: Object.fromEntries(contents),
  };
}
