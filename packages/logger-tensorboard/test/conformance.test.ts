import { sinkConformance } from '@microbatch/core/testing';
import { readScalars } from 'tensorboard-writer';
import { describe, it } from 'vitest';
import { tensorboardSink } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

function create() {
  const logDir = temporaryFolder();
  const read = async () => {
    const all = [...(await readScalars(logDir)).series].map(([tag, { values }]) => [tag, [...values]] as const);
    const { 'train/loss': losses = [], ...logged } = Object.fromEntries(all);
    return { losses, logged };
  };
  return { sink: tensorboardSink({ logDir }), read };
}

describe('the TensorBoard sink', () => {
  for (const { name, run } of sinkConformance({ create, tolerance: 1e-6 })) it(name, run);
});
