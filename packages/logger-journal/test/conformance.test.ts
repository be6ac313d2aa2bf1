import { readEvents, sinkConformance } from '@microbatch/core/testing';
import { describe, it } from 'vitest';
import { journalSink } from '../src/index.js';
import { readAll } from './read-all.js';
import { temporaryFolder } from './temporary-folder.js';

function create() {
  const sink = journalSink({ dir: temporaryFolder() });
  return { sink, read: async () => readEvents(await readAll(sink.path!)) };
}

describe('journalSink', () => {
  for (const { name, run } of sinkConformance({ create })) it(name, run);
});
