/** The entry points of our packages that each package's shipped sources may import: the arrows of ARCHITECTURE.md. */
export const mayImport = {
  'packages/core': [],
  'packages/tfjs': ['@microbatch/core', '@microbatch/core/logger'],
  'packages/tensorboard-writer': [],
  'packages/logger-tensorboard': ['@microbatch/core/logger', 'tensorboard-writer'],
  'packages/logger-wandb': ['@microbatch/core/logger'],
  'packages/logger-journal': ['@microbatch/core/logger'],
  'packages/inspector': [
    '@microbatch/core',
    '@microbatch/core/logger',
    '@microbatch/logger-journal',
    '@microbatch/logger-tensorboard',
    '@microbatch/logger-wandb',
    'tensorboard-writer',
  ],
};

/** Folders whose files import, of their own package, only each other. */
export const selfContained = ['packages/core/src/logger'];

/** The one package that imports TensorFlow.js. */
export const tensorflowPackage = 'packages/tfjs';

/** Whether users bring this package themselves, so that there is one copy of it: a peer, never a dependency. */
export function isPeerOnly(packageName) {
  return packageName === 'rxjs' || isTensorflow(packageName);
}

export function isTensorflow(packageName) {
  return packageName.startsWith('@tensorflow/');
}
