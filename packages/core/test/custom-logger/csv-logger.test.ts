import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sinkConformance } from '@microbatch/core/testing';
import { describe, it, onTestFinished } from 'vitest';
import { csvSink } from './csv-logger.js';

function create() {
  const folder = mkdtempSync(join(tmpdir(), 'csv-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'run.csv');
  return { sink: csvSink(path), read: () => readCsv(path) };
}

function readCsv(path: string) {
  const losses: number[] = [];
  const logged: Record<string, number[]> = {};
  for (const line of readFileSync(path, 'utf8').trim().split('\n').slice(1)) {
    const [, name, value] = /^\d+,\d+,\d+,"(.*)",(.*)$/.exec(line)!;
    if (name === 'train/loss') losses.push(Number(value));
    else logged[name!] = [...(logged[name!] ?? []), Number(value)];
  }
  return { losses, logged };
}

describe('csvSink', () => {
  for (const { name, run } of sinkConformance({ create })) it(name, run);
});
