import { createHash } from 'node:crypto';

/** An artifact's version as the server has it. */
export interface KeptArtifact {
  readonly id: string;
  /** What CreateArtifact said of it. */
  readonly input: Readonly<Record<string, unknown>>;
  manifest: unknown;
  isCommitted: boolean;
}

interface FileSpec {
  readonly artifactID: string;
  readonly name: string;
  readonly md5: string;
}

/** The artifacts of a W&B server. */
export interface ArtifactStore {
  readonly kept: KeptArtifact[];
  /** What was put of files, by `<id of the artifact>/<path>`, once for each put. */
  readonly puts: [name: string, bytes: Buffer][];
  /** Breaks of the protocol. */
  readonly anomalies: string[];
  /** Answers an operation on artifacts; nothing where it is on something else. */
  answer(operationName: string, variables: Readonly<Record<string, unknown>>): object | undefined;
  /** Takes the file at `<id of the artifact>/<path>`, or its manifest at `<id>/`. */
  put(id: string, path: string, bytes: Buffer): void;
}

/** A store without artifacts. Like the official server, it knows versions again by their client's id, and by their digest. */
export function artifactStore(): ArtifactStore {
  const kept: KeptArtifact[] = [];
  const puts: [string, Buffer][] = [];
  const anomalies: string[] = [];
  /** Which version brought a file, by its MD5. */
  const births = new Map<string, string>();

  const byId = (id: unknown) => kept.find((artifact) => artifact.id === id)!;
  const urlOf = (id: string, path: string) => `/storage/artifacts/${id}/${encodeURIComponent(path)}?signature=s`;

  function latestOf(collection: unknown): KeptArtifact | undefined {
    return kept.findLast(({ input, isCommitted }) => isCommitted && input.artifactCollectionName === collection);
  }

  function create(input: KeptArtifact['input']): object {
    const latest = latestOf(input.artifactCollectionName);
    const isSame = latest?.input.digest === input.digest;
    const known = isSame ? latest : kept.find((artifact) => artifact.input.clientID === input.clientID);
    const artifact = known ?? { id: `A${kept.length}`, input, manifest: undefined, isCommitted: false };
    if (known === undefined) kept.push(artifact);
    const { id, isCommitted } = artifact;
    const artifactSequence = { latestArtifact: latest === undefined ? null : { id: latest.id } };
    return { createArtifact: { artifact: { id, state: isCommitted ? 'COMMITTED' : 'PENDING', artifactSequence } } };
  }

  function createManifest({ artifactID, includeUpload }: Readonly<Record<string, unknown>>): object {
    const upload = includeUpload ? { uploadUrl: urlOf(String(artifactID), ''), uploadHeaders: ['X-Signed:yes'] } : {};
    return { createArtifactManifest: { artifactManifest: { id: `M${artifactID}`, file: { id: 'F', ...upload } } } };
  }

  function createFiles(specs: readonly FileSpec[]): object {
    const edges = specs.map(({ artifactID, name, md5 }) => {
      const birth = births.get(md5);
      const uploadUrl = birth === undefined ? urlOf(artifactID, name) : null;
      return { node: { uploadUrl, uploadHeaders: ['X-Signed:yes'], artifact: { id: birth ?? artifactID } } };
    });
    return { createArtifactFiles: { files: { edges } } };
  }

  function commit(id: unknown): object {
    const artifact = byId(id);
    if (artifact.isCommitted) throw new Error(`${id} is committed already`);
    const { contents } = artifact.manifest as { contents: Record<string, { digest: string }> };
    for (const [path, { digest }] of Object.entries(contents)) {
      if (!births.has(digest)) anomalies.push(`${path} of ${id} is not there`);
    }
    artifact.isCommitted = true;
    return { commitArtifact: { artifact: { id, digest: artifact.input.digest } } };
  }

  return {
    kept,
    puts,
    anomalies,
    answer(operationName, variables) {
      if (operationName === 'CreateArtifact') return create(variables.input as KeptArtifact['input']);
      if (operationName === 'CreateArtifactManifest') return createManifest(variables);
      if (operationName === 'CreateArtifactFiles') return createFiles(variables.artifactFiles as FileSpec[]);
      if (operationName === 'CommitArtifact') return commit(variables.artifactID);
      return undefined;
    },
    put(id, path, bytes) {
      if (path === '') byId(id).manifest = JSON.parse(bytes.toString());
      else {
        puts.push([`${id}/${path}`, bytes]);
        births.set(createHash('md5').update(bytes).digest('base64'), id);
      }
    },
  };
}
