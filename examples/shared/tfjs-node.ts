import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

const PACKAGE = '@tensorflow/tfjs-node';
const MANIFEST = `${PACKAGE}/package.json`;
const require = createRequire(import.meta.url);

/**
 * Loads TensorFlow's C library as the backend `tensorflow`: of an installed `@tensorflow/tfjs-node`, or else of the one that
 * `npm run setup:native` built, in the folder that MICROBATCH_TFJS_NODE names or in `.cache/tfjs-node`. Throws an `Error`
 * that says what to do where there is none, where it does not load, or where it would bring a second copy of TensorFlow.js.
 */
export function loadTfjsNode(): void {
  const manifest = findManifest();
  const theirs = createRequire(manifest).resolve('@tensorflow/tfjs');
  // Models and variables of one copy, and the operations of another: what `instanceof` says then is up to the versions.
  if (theirs !== require.resolve('@tensorflow/tfjs')) {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    throw new Error(
      `${PACKAGE} ${version} brings a second copy of @tensorflow/tfjs, ${dirname(dirname(theirs))}: ` +
        `install both in version ${tf.version.tfjs}`,
    );
  }
  // Else it tells on stderr which processor instructions it uses.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  try {
    require(dirname(manifest));
  } catch (cause) {
    throw new Error(`${PACKAGE} is there but does not load: ${(cause as Error).message}`, { cause });
  }
}

/** The path of the package's package.json. */
function findManifest(): string {
  try {
    return require.resolve(MANIFEST);
  } catch (cause) {
    const built = builtFolders().map((folder) => join(folder, 'node_modules', PACKAGE, 'package.json'));
    const found = built.find((path) => existsSync(path));
    if (found !== undefined) return found;
    throw new Error(
      `the npm package ${PACKAGE} is not there: npm run setup:native builds it from npm and PyPI, and ` +
        `npm install --no-save ${PACKAGE} downloads it from elsewhere`,
      { cause },
    );
  }
}

function builtFolders(): string[] {
  const named = process.env.MICROBATCH_TFJS_NODE;
  if (named) return [named];
  // Examples run from a folder of compiled files, tests from the sources.
  const folders: string[] = [];
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    folders.push(join(folder, '.cache/tfjs-node'));
  }
  return folders;
}
