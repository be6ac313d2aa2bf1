import type { Graphql } from '../upload/graphql.js';
import { type UploadTarget, uploadTarget } from '../upload/put-file.js';
import { RequestFailed } from '../upload/requester.js';
import type { ServerRun } from '../upload/run-bucket.js';
import type { ArtifactMessage } from './artifact-message.js';

/** An artifact's version on the server. */
export interface ServerArtifact {
  readonly id: string;
  /** `PENDING` before all its files are there, `COMMITTED` behind that; `DELETED` by older servers for `PENDING`. */
  readonly state: string;
  /** The version before it. */
  readonly baseId: string | undefined;
}

/** One file that the server may want. */
export interface ArtifactFileSpec {
  /** Inside the artifact. */
  readonly path: string;
  /** MD5 in base64. */
  readonly digest: string;
}

/** What the server says of a file. */
export interface ArtifactFilePlace {
  /** Absent where the server has the file. */
  readonly target: UploadTarget | undefined;
  /** The version that brought the file. */
  readonly birthArtifactId: string;
}

/** The operations of a W&B server that bring it an artifact. Each throws as `Requester.send` does. */
export interface ArtifactApi {
  /** Creates a version, or finds the one that was created by the same record or has the same files. */
  create(run: ServerRun, message: ArtifactMessage): Promise<ServerArtifact>;
  /** Creates the manifest before its files: returns the id that they name. */
  createManifest(run: ServerRun, artifact: ServerArtifact): Promise<string>;
  /** Where files are to be put, in their order. */
  filePlaces(
    artifact: ServerArtifact,
    manifestId: string,
    files: readonly ArtifactFileSpec[],
  ): Promise<ArtifactFilePlace[]>;
  /** Where the manifest is to be put, by its MD5 in base64. */
  manifestTarget(run: ServerRun, artifact: ServerArtifact, digest: string): Promise<UploadTarget | undefined>;
  commit(artifact: ServerArtifact): Promise<void>;
}

// The official client's own.
const CREATE_ARTIFACT = `mutation CreateArtifact($input: CreateArtifactInput!) { createArtifact(input: $input) {
artifact { id state artifactSequence { latestArtifact { id } } } } }`;
const CREATE_MANIFEST = `mutation CreateArtifactManifest($artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!,
$entityName: String!, $projectName: String!, $runName: String!, $manifestType: ArtifactManifestType!, $includeUpload: Boolean!) {
createArtifactManifest(input: { artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name, digest: $digest,
entityName: $entityName, projectName: $projectName, runName: $runName, type: $manifestType }) {
artifactManifest { id file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) } } } }`;
const CREATE_FILES = `mutation CreateArtifactFiles($artifactFiles: [CreateArtifactFileSpecInput!]!,
$storageLayout: ArtifactStorageLayout!) { createArtifactFiles(input: { artifactFiles: $artifactFiles,
storageLayout: $storageLayout }) { files { edges { node { uploadUrl uploadHeaders artifact { id } } } } } }`;
const COMMIT_ARTIFACT = `mutation CommitArtifact($artifactID: ID!) { commitArtifact(input: { artifactID: $artifactID }) {
artifact { id digest } } }`;

const MANIFEST_NAME = 'wandb_manifest.json';

interface FileNode {
  readonly uploadUrl?: string | null;
  readonly uploadHeaders?: readonly string[] | null;
}

/** The artifacts of the server at `baseUrl`, which has no slash at its end. */
export function createArtifactApi(baseUrl: string, graphql: Graphql): ArtifactApi {
  const refused = (operation: string, reason: string) =>
    new RequestFailed('upload-refused', `${operation} at ${baseUrl} failed: ${reason}`, { isAmbiguous: false });

  async function manifest(
    { entity, project, runId }: ServerRun,
    { id, baseId }: ServerArtifact,
    digest: string,
    includeUpload: boolean,
  ): Promise<{ id: string; file: FileNode }> {
    type Answer = { createArtifactManifest?: { artifactManifest?: { id: string; file: FileNode } | null } | null };
    const { createArtifactManifest } = await graphql<Answer>('CreateArtifactManifest', CREATE_MANIFEST, {
      artifactID: id,
      baseArtifactID: baseId ?? null,
      name: MANIFEST_NAME,
      digest,
      entityName: entity,
      projectName: project,
      runName: runId,
      manifestType: 'FULL',
      includeUpload,
    });
    const created = createArtifactManifest?.artifactManifest;
    if (!created) throw refused('CreateArtifactManifest', 'the answer names no manifest');
    return created;
  }

  return {
    async create(run, message) {
      type Created = {
        id: string;
        state: string;
        artifactSequence?: { latestArtifact?: { id: string } | null } | null;
      };
      type Answer = { createArtifact?: { artifact?: Created | null } | null };
      const input = createInput(run, message);
      const { createArtifact } = await graphql<Answer>('CreateArtifact', CREATE_ARTIFACT, { input });
      const created = createArtifact?.artifact;
      if (!created) throw refused('CreateArtifact', 'the answer names no artifact');
      const { id, state, artifactSequence } = created;
      return { id, state, baseId: artifactSequence?.latestArtifact?.id };
    },
    async createManifest(run, artifact) {
      return (await manifest(run, artifact, '', false)).id;
    },
    async filePlaces({ id }, manifestId, files) {
      type Answer = {
        createArtifactFiles?: { files: { edges: { node: FileNode & { artifact: { id: string } } }[] } } | null;
      };
      const { createArtifactFiles } = await graphql<Answer>('CreateArtifactFiles', CREATE_FILES, {
        artifactFiles: files.map(({ path, digest }) => ({
          artifactID: id,
          artifactManifestID: manifestId,
          name: path,
          md5: digest,
        })),
        storageLayout: 'V2',
      });
      const edges = createArtifactFiles?.files.edges ?? [];
      if (edges.length !== files.length) {
        throw refused('CreateArtifactFiles', `the answer names ${edges.length} files, not ${files.length}`);
      }
      return edges.map(({ node: { uploadUrl, uploadHeaders, artifact } }) => ({
        target: uploadTarget(baseUrl, uploadUrl, uploadHeaders),
        birthArtifactId: artifact.id,
      }));
    },
    async manifestTarget(run, artifact, digest) {
      const { file } = await manifest(run, artifact, digest, true);
      return uploadTarget(baseUrl, file.uploadUrl, file.uploadHeaders);
    },
    async commit({ id }) {
      await graphql('CommitArtifact', COMMIT_ARTIFACT, { artifactID: id });
    },
  };
}

/** What is empty is left out: older servers don't know each field. */
function createInput({ entity, project, runId }: ServerRun, message: ArtifactMessage): object {
  const { type, name, digest, description, metadata, aliases = [], tags = [], clientId, sequenceClientId } = message;
  return {
    entityName: entity,
    projectName: project,
    artifactTypeName: type,
    artifactCollectionName: name,
    runName: runId,
    digest,
    digestAlgorithm: 'MANIFEST_MD5',
    ...(description ? { description } : {}),
    aliases: aliases.map((alias) => ({ artifactCollectionName: name, alias })),
    ...(tags.length > 0 ? { tags: tags.map((tagName) => ({ tagName })) } : {}),
    ...(metadata ? { metadata } : {}),
    enableDigestDeduplication: true,
    clientID: clientId,
    sequenceClientID: sequenceClientId,
  };
}
