const writers = new Set<() => void>();

function runAll(): void {
  for (const write of writers) write();
}

/**
 * Calls `write` when the process exits: after `process.exit()`, an uncaught error, or when nothing is left to do.
 * Signals that end the process at once do not come here. Returns what takes `write` off again; `write` must not throw.
 */
export function onExit(write: () => void): () => void {
  if (writers.size === 0) process.on('exit', runAll);
  writers.add(write);
  return () => {
    if (writers.delete(write) && writers.size === 0) process.off('exit', runAll);
  };
}
