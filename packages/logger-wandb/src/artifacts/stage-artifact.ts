import { type Artifact, type ArtifactRun, createArtifact } from './artifact.js';
import { type ArtifactOptions, artifactHead } from './artifact-options.js';
import { type ArtifactSource, defaultName, findContents } from './find-contents.js';
import { type StagedFile, stageFile } from './stage-file.js';

/**
 * Makes an artifact of a run from files or folders, as `run.log_artifact` of the Python client does: copies them to
 * `stagingDir` (absolute), from where an uploader takes them.
 * Throws as `artifactHead` and `findContents` do, or the file system's error.
 */
export async function stageArtifact(
  source: ArtifactSource,
  options: ArtifactOptions & { readonly run: ArtifactRun; readonly stagingDir: string },
): Promise<Artifact> {
  const { run, stagingDir } = options;
  const head = artifactHead(options, defaultName(source, run.id));
  const entries: (StagedFile & { readonly path: string })[] = [];
  for (const { path, source: file } of await findContents(source)) {
    entries.push({ path, ...(await stageFile(file, stagingDir)) });
  }
  return createArtifact(run, head, entries);
}
