import type { ServerResponse } from 'node:http';
import { beginEvents } from './answers.js';
import type { NewsAnswer } from './protocol.js';

/** Pages that wait for news. */
export interface EventStreams {
  add(response: ServerResponse): void;
  /** Tells all of them soon, once for many calls. */
  announce(): void;
  close(): void;
}

/** Changes come in bursts while files are read. */
const GATHER_MS = 100;
/** Proxies and sleeping machines lose connections without a word. */
const BEAT_MS = 15_000;

/** `newsOf` says what is new; `watch` is called for each page that comes, and what it returned when that goes. */
export function createEventStreams(newsOf: () => NewsAnswer, watch: () => () => void): EventStreams {
  const open = new Set<ServerResponse>();
  let gathering: NodeJS.Timeout | undefined;

  function tell(response: ServerResponse): void {
    response.write(`data: ${JSON.stringify(newsOf())}\n\n`);
  }

  const beat = setInterval(() => {
    for (const response of open) response.write(':\n\n');
  }, BEAT_MS).unref();

  return {
    add(response) {
      beginEvents(response);
      open.add(response);
      const unwatch = watch();
      response.on('close', () => {
        open.delete(response);
        unwatch();
      });
      response.on('error', () => {});
      response.write('retry: 1000\n\n');
      tell(response);
    },
    announce() {
      gathering ??= setTimeout(() => {
        gathering = undefined;
        for (const response of open) tell(response);
      }, GATHER_MS);
    },
    close() {
      clearInterval(beat);
      clearTimeout(gathering);
      for (const response of open) response.end();
    },
  };
}
