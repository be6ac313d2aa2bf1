import { type FSWatcher, watch } from 'node:fs';

// Network file systems tell nothing of what other machines write.
const POLL_MS = 1000;

/** Tells when a file may have changed. */
export interface FileChanges {
  /** Resolves when the file has changed since the last call, when a second is over, or a signal aborts. */
  next(): Promise<void>;
  close(): void;
}

/** Watches `path`; where that is not possible, its changes are supposed once a second. */
export function watchFile(path: string, ...signals: readonly (AbortSignal | undefined)[]): FileChanges {
  let changed = false;
  let wake = () => {};
  let watcher: FSWatcher | undefined;

  function onChange(): void {
    changed = true;
    wake();
  }

  try {
    watcher = watch(path, { persistent: false }, onChange).on('error', () => watcher?.close());
  } catch {
    // No watches left, or none on this file system: polling does.
  }
  for (const signal of signals) signal?.addEventListener('abort', onChange);

  return {
    async next() {
      if (!changed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, POLL_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      changed = false;
    },
    close() {
      watcher?.close();
      for (const signal of signals) signal?.removeEventListener('abort', onChange);
    },
  };
}
