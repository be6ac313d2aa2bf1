import type { FromUploader, ToUploader } from './uplink-messages.js';
import { runUploader } from './uploader.js';

// The main program of the process that uploads a run beside its training. It outlives the training however that ends: the
// channel closes, and the log, which nobody writes any more, is brought to the server as it is.

const logEnded = new AbortController();
const parentGone = new AbortController();
const stop = new AbortController();

function tell(message: FromUploader): void {
  // A parent that goes while the message is on its way is no error here.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

function ignore(): void {}

// A terminal's Ctrl-C and hang-up are for the training.
process.on('SIGINT', ignore);
process.on('SIGHUP', ignore);
process.on('SIGTERM', () => stop.abort());

process.on('disconnect', () => {
  parentGone.abort();
  logEnded.abort();
});

process.on('message', async (message: ToUploader) => {
  if (message.type === 'log-ended') return logEnded.abort();
  const signals = { logEnded: logEnded.signal, parentGone: parentGone.signal, stop: stop.signal };
  const end = await runUploader(message, { signals, tell });
  if (!process.connected) process.exit(0);
  process.send?.({ type: 'end', end } satisfies FromUploader, undefined, {}, () => process.exit(0));
});
