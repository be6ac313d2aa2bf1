import type { FromUploader, ToUploader } from './uplink-messages.js';
import { runUploader } from './uploader.js';

const logEnded = new AbortController();
const parentGone = new AbortController();
const hurry = new AbortController();
const stop = new AbortController();

function tell(message: FromUploader): void {
  // A parent that goes while the message is on its way is no error here.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

function ignore(): void {}

async function take(message: ToUploader): Promise<void> {
  if (message.type === 'log-ended') return logEnded.abort();
  const signals = {
    logEnded: logEnded.signal,
    parentGone: parentGone.signal,
    hurry: hurry.signal,
    stop: stop.signal,
  };
  const end = await runUploader(message, { signals, tell });
  if (!process.connected) process.exit(0);
  process.send?.({ type: 'end', end } satisfies FromUploader, undefined, {}, () => process.exit(0));
}

function abandoned(): void {
  parentGone.abort();
  logEnded.abort();
}

/**
 * Does what the process is for that uploads a run beside its training. It outlives the training however that ends: the
 * channel closes, and the log, which nobody writes any more, is brought to the server as it is. `early` is what the
 * training said so far; it may be gone.
 */
export function serveUpload(early: readonly unknown[]): void {
  // A terminal's Ctrl-C and hang-up are for the training.
  process.on('SIGINT', ignore);
  process.on('SIGHUP', ignore);
  // SIGTERM may have gone to all processes of a job, or of the computer: the training's last rows are on their way.
  process.on('SIGTERM', () => (hurry.signal.aborted ? stop : hurry).abort());
  process.on('disconnect', abandoned);
  process.on('message', take);
  if (!process.connected) abandoned();
  for (const message of early) void take(message as ToUploader);
}
