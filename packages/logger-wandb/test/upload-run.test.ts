import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kept, upload } from './upload-client.js';
import { exit, output, row, rowLines, rows, writeLog } from './upload-log.js';
import { ENTITY, HISTORY, KEY, uploadServer } from './upload-server.js';

describe('uploadRun', () => {
  it('brings the whole run: rows, summary, system metrics, console, config, metrics, exit code', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([
      { metric: { name: 'trainer/step', options: { defined: true } } },
      {
        metric: {
          name: 'loss',
          stepMetric: 'trainer/step',
          options: { stepSync: true, defined: true },
          summary: { min: true },
        },
      },
      { config: { update: [{ nestedKey: ['opt', 'name'], valueJson: '"adam"' }] } },
      ...rows(20),
      { stats: { timestamp: { seconds: 1_700_000_010 }, item: [{ key: 'cpu', valueJson: '12.5' }] } },
      output('hel'),
      output('oops\n', 0),
      output('lo\n10%\r20%\r\n'),
      { summary: { update: [{ nestedKey: ['loss'], valueJson: '0.25' }] } },
      { summary: { update: [{ nestedKey: ['best', 'loss'], valueJson: '-Infinity' }] } },
      exit(3),
    ]);
    const result = await upload(server, logPath);
    expect(result).toMatchObject({
      outcome: 'complete',
      url: `${server.url}/${ENTITY}/demo/runs/abc`,
      acknowledged: { history: 20, events: 1, output: 3 },
    });
    const run = kept(server);
    expect(run.lines[HISTORY]).toEqual(rowLines(20));
    expect(run.lines['wandb-events.jsonl']).toEqual([
      '{"_wandb":true,"_timestamp":1700000010,"_runtime":10,"system.cpu":12.5}',
    ]);
    const time = '2023-11-14T22:13:21.000002';
    expect(run.lines['output.log']).toEqual([`ERROR ${time} oops`, `${time} hello`, `${time} 20%`]);
    expect(run.summary).toBe('{"loss":0.25,"best":{"loss":-Infinity}}');
    expect(run.config).toEqual({
      lr: { value: 0.1 },
      opt: { value: { name: 'adam' } },
      _wandb: {
        value: {
          t: { 12: 'microbatch' },
          m: [
            { 1: 'trainer/step', 6: [3], 7: [] },
            { 1: 'loss', 5: 1, 6: [1, 3], 7: [1] },
          ],
        },
      },
    });
    expect(run.variables).toMatchObject({
      displayName: 'first try',
      tags: ['a', 'b'],
      notes: 'some notes',
      groupName: 'g',
      jobType: 'train',
      host: 'here',
    });
    expect([run.exitCodes, run.anomalies, run.upserts]).toEqual([[3], [], 1]);
  });

  it('ends a log without an exit record as failed, and sends nothing of a run twice', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog(rows(5));
    expect((await upload(server, logPath)).outcome).toBe('complete');
    const seen = server.requests.length;
    expect(await upload(server, logPath)).toMatchObject({ outcome: 'complete', acknowledged: { history: 5 } });
    expect(server.requests.length).toBe(seen);
    expect(kept(server)).toMatchObject({ exitCodes: [1], anomalies: [] });
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(5));
    // What the official client leaves behind says the same.
    const synced = writeLog(rows(1));
    writeFileSync(`${synced}.synced`, '');
    expect((await upload(server, synced)).outcome).toBe('complete');
    expect(server.requests.length).toBe(seen);
  });

  it('goes on behind the lines that the run already has on the server', async () => {
    const server = await uploadServer(KEY);
    await upload(server, writeLog([...rows(4), exit()]));
    await upload(server, writeLog([row(4), row(5), exit()]));
    expect(kept(server).lines[HISTORY]).toEqual(rowLines(6));
    expect(kept(server).anomalies).toEqual([]);
  });

  it('leaves out a line that is longer than the server takes, and says so', async () => {
    const server = await uploadServer(KEY);
    const notices: string[] = [];
    const logPath = writeLog([row(0), row(1, 'x'.repeat(11 * 1024 * 1024)), row(2), exit()]);
    await upload(server, logPath, { onNotice: ({ code }) => notices.push(code) });
    expect(kept(server).lines[HISTORY]).toEqual([rowLines(3)[0], rowLines(3)[2]]);
    expect(notices).toEqual(['line-too-long']);
  });
});
