import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../src/index.js';
import { readAll } from './read-all.js';
import { temporaryFolder } from './temporary-folder.js';

const IMPORTS = `
  import { record } from '@microbatch/core';
  import { sampleRun } from '@microbatch/core/testing';
  import { journal, journalSink } from '@microbatch/logger-journal';
  import { concat, from, NEVER } from 'rxjs';
  const [dir] = process.argv.slice(1);
  const events = sampleRun();`;

const nodeArguments = (body: string, dir: string) => ['--input-type=module', '-e', IMPORTS + body, dir];

const journalIn = (dir: string) => join(dir, 'sample.microbatch.jsonl');

describe('a journal whose process', () => {
  it('exits holds every event', async () => {
    const dir = temporaryFolder();
    const body = `
      record(concat(from(events.slice(0, -1)), NEVER), [journal({ dir })], { onDiagnostic() {} });
      process.exit(0);`;
    execFileSync(process.execPath, nodeArguments(body, dir));
    expect(await readAll(journalIn(dir))).toStrictEqual(sampleRun().slice(0, -1));
  });

  it('fails holds every event', async () => {
    const dir = temporaryFolder();
    const body = `
      record(concat(from(events.slice(0, 9)), NEVER), [journal({ dir })], { onDiagnostic() {} });
      throw new Error('training failed');`;
    const { status, stderr } = spawnSync(process.execPath, nodeArguments(body, dir), { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('training failed');
    expect(await readAll(journalIn(dir))).toStrictEqual(sampleRun().slice(0, 9));
  });

  it('is killed in a loop that never yields lacks no more than what a buffer holds', async () => {
    const dir = temporaryFolder();
    const body = `
      const sink = journalSink({ dir });
      sink.open(events[0].run);
      sink.write(events.slice(0, 1));
      for (let count = 0; count < 20_000; count++) sink.write([events[1]]);
      process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, nodeArguments(body, dir));
    expect(signal).toBe('SIGKILL');
    const text = readFileSync(journalIn(dir), 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    const lineLength = JSON.stringify(sampleRun()[1]).length + 1;
    expect((await readAll(journalIn(dir))).length).toBeGreaterThan(20_000 - (64 * 1024) / lineLength);
  });

  it('has nothing else to do is not kept alive', () => {
    const body = `
      const sink = journalSink({ dir });
      sink.open(events[0].run);
      sink.write(events);
      console.log(process.getActiveResourcesInfo().filter((resource) => /Timeout|Immediate|FS/.test(resource)).join());`;
    expect(execFileSync(process.execPath, nodeArguments(body, temporaryFolder()), { encoding: 'utf8' })).toBe('\n');
  });

  it('finds the disk full from the start tells of it and leaves nothing behind', () => {
    const dir = temporaryFolder();
    const body = `
      const [{ errors }] = await record(from(events), [journal({ dir })], { onDiagnostic() {} });
      console.log(errors.map(({ code }) => code).join());`;
    const command = ['-c', `trap '' XFSZ; ulimit -f 0; exec "$@"`, 'sh', process.execPath, ...nodeArguments(body, dir)];
    expect(execFileSync('/bin/sh', command, { encoding: 'utf8' })).toBe('open-failed\n');
    expect(readdirSync(dir)).toEqual([]);
  });

  // A limit on the size of files fails a write half way through, as a full disk does.
  it('finds the disk full tells of it and leaves whole lines', async () => {
    const dir = temporaryFolder();
    const body = `
      const many = Array.from({ length: 400 }, () => events[1]);
      const receipts = await record(from([events[0], ...many]), [journal({ dir })], { onDiagnostic() {} });
      console.log(JSON.stringify(receipts[0], (key, value) => value?.code ?? value));`;
    const limited = `trap '' XFSZ; ulimit -f 16; exec "$@"`;
    const command = ['-c', limited, 'sh', process.execPath, ...nodeArguments(body, dir)];
    const receipt = JSON.parse(execFileSync('/bin/sh', command, { encoding: 'utf8' }));
    expect(receipt.errors).toEqual(['write-failed']);
    expect(receipt.received).toBe(401);
    const reader = readJournal(journalIn(dir));
    let count = 0;
    for await (const _ of reader) count += 1;
    expect(reader.end).toMatchObject({ reason: 'no-run-end', offset: readFileSync(journalIn(dir)).length });
    expect(count).toBeGreaterThan(10);
  });
});
