import { describe, expect, it } from 'vitest';
import { firstDifference, kept, upload } from './upload-client.js';
import { exit, row, rowLines, rows, writeLog } from './upload-log.js';
import { type Fault, HISTORY, KEY, type SeenRequest, uploadServer } from './upload-server.js';
import { testTimers } from './upload-timers.js';

const isEnd = ({ body }: SeenRequest) => body.toString().includes('"complete":true');

describe('an answer of 200 that no W&B server gives', () => {
  const answers = ['<html>Sign in to the network</html>', '', '[]', 'null', '"ok"', '{"exitco'];

  it.each(answers)('to a post counts as lost: %j', async (body) => {
    const server = await uploadServer(KEY);
    const faults: Fault[] = Array.from({ length: 5 }, () => ({ status: 200, body }));
    server.fault = (request) => (request.kind === 'file_stream' && !isEnd(request) ? faults.shift() : undefined);
    const told: string[] = [];
    const onNotice = ({ code }: { code: string }) => told.push(code);
    const result = await upload(server, writeLog([...rows(40), exit()]), { maxPostSize: 400, onNotice });
    expect(result).toMatchObject({ outcome: 'complete', acknowledged: { history: 40 } });
    const { lines, anomalies } = kept(server);
    expect(firstDifference(lines[HISTORY], rowLines(40))).toBeUndefined();
    expect([anomalies, faults, told]).toEqual([[], [], ['upload-retrying']]);
  });

  it.each(answers)('to the last post leaves the run open: %j', async (body) => {
    const server = await uploadServer(KEY);
    const faults: Fault[] = [{ status: 200, body }];
    server.fault = (request) => (isEnd(request) ? faults.shift() : undefined);
    expect((await upload(server, writeLog([row(0), exit(3)]))).outcome).toBe('complete');
    expect(kept(server)).toMatchObject({ isOver: true, exitCodes: [3] });
  });

  it.each(answers)('to a question is asked again: %j', async (body) => {
    const server = await uploadServer(KEY);
    const names: string[] = [];
    server.fault = ({ kind, name }) => {
      if (kind !== 'graphql' || names.includes(name)) return undefined;
      names.push(name);
      return { status: 200, body };
    };
    expect((await upload(server, writeLog([row(0), exit()]))).outcome).toBe('complete');
    expect(names).toEqual(['UpsertBucket', 'ServerFeaturesQuery', 'RunStatus', 'CreateRunFiles']);
    expect(kept(server).anomalies).toEqual([]);
  });

  it('is followed by the back-off, and its text is told', async () => {
    const server = await uploadServer(KEY);
    const timers = testTimers();
    const faults: Fault[] = Array.from({ length: 4 }, () => ({ status: 200, body: '<html>Sign in</html>' }));
    server.fault = ({ kind }) => (kind === 'file_stream' ? faults.shift() : undefined);
    const told: string[] = [];
    await upload(server, writeLog([row(0), exit()]), { timers, onNotice: ({ message }) => told.push(message) });
    const waits = timers.waits.filter(({ reason }) => reason === 'retry').map(({ ms }) => ms);
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
    expect(told).toEqual([expect.stringContaining("the answer is not a W&B server's: <html>Sign in</html>")]);
  });
});

describe('an answer that breaks off', () => {
  it('is no answer, and the post is sent again', async () => {
    const server = await uploadServer(KEY);
    const faults: Fault[] = ['truncated'];
    server.fault = (request) => (request.kind === 'file_stream' ? faults.shift() : undefined);
    expect((await upload(server, writeLog([...rows(3), exit()]))).outcome).toBe('complete');
    const { lines, anomalies, resent } = kept(server);
    expect([lines[HISTORY], anomalies, resent]).toEqual([rowLines(3), [], 3]);
  });
});

describe('what a server says in a message', () => {
  const basic = Buffer.from(`api:${KEY}`).toString('base64');
  const alone = Buffer.from(KEY).toString('base64');
  const half = KEY.length >> 1;
  const torn = `${KEY.slice(0, half)}\u200b${KEY.slice(half)}`;
  const text = `bad ${KEY}, ${basic}, ${alone}, ${torn}\u001b[31m\u0007\u009b2J\u202e\r\n${'x'.repeat(5000)}`;

  it.each([
    { how: 'as errors', fault: { status: 200, body: JSON.stringify({ errors: [null, { message: text }] }) } },
    { how: 'by its status', fault: { status: 400, body: text } },
  ])('$how has neither the key nor what commands a terminal, and is short', async ({ fault }) => {
    const server = await uploadServer(KEY);
    server.fault = () => fault;
    const { error, outcome } = await upload(server, writeLog([row(0), exit()]));
    expect(outcome).toBe('failed');
    expect(error!.message).toMatch(/bad \[key\], \[key\], \[key\], /);
    for (const secret of [KEY, basic, alone]) expect(error!.message).not.toContain(secret);
    expect(error!.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(error!.message.length).toBeLessThan(500);
  });
});
