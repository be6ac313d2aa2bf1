import { sinkConformance } from '@microbatch/core/testing';
import { describe, it } from 'vitest';
import { tensorboardSink } from '../src/index.js';
import { type ShownValue, shownValues } from './shown-values.js';
import { temporaryFolder } from './temporary-folder.js';

function create() {
  const logDir = temporaryFolder();
  const read = async () => {
    const logged: Record<string, unknown[]> = {};
    for (const value of await shownValues(logDir)) {
      logged[value.tag] ??= [];
      logged[value.tag]!.push(contentOf(value));
    }
    const { 'train/loss': losses = [], ...rest } = logged;
    return { losses: losses as number[], logged: rest };
  };
  return { sink: tensorboardSink({ logDir }), read };
}

function contentOf(value: ShownValue): unknown {
  if (value.kind === 'scalar') return value.value;
  return value.kind === 'text' ? value.texts.join() : value;
}

describe('the TensorBoard sink', () => {
  for (const { name, run } of sinkConformance({ create, tolerance: 1e-6 })) it(name, run);
});
