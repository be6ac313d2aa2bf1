import { linkSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kept, upload } from './upload-client.js';
import { exit, folderOf, output, row, writeLog } from './upload-log.js';
import { type Fault, KEY, uploadServer } from './upload-server.js';

describe('files', () => {
  it('are put where the server signs for, without the key, announced, and before the end', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([
      { files: { files: [{ path: 'media/a b.bin', policy: 0 }] } },
      { files: { files: [{ path: 'late.txt', policy: 1 }] } },
      { files: { files: [{ path: 'empty', policy: 0 }] } },
      {
        files: {
          files: [{ path: 'gone', policy: 0 }, { path: '../../outside', policy: 0 }, { path: '/etc/hostname' }],
        },
      },
      row(0),
      exit(),
    ]);
    const files = join(folderOf(logPath), 'files');
    const bytes = Buffer.alloc(300_000, 7);
    writeFileSync(join(files, '..', '..', 'outside'), 'not of this run');
    mkdirSync(join(files, 'media'));
    writeFileSync(join(files, 'media', 'a b.bin'), bytes);
    writeFileSync(join(files, 'late.txt'), 'late');
    writeFileSync(join(files, 'empty'), '');
    const faults: (Fault | undefined)[] = [{ status: 500 }, 'reset', { status: 403 }, undefined];
    server.fault = ({ kind }) => (kind === 'file' ? faults.shift() : undefined);
    const notices: string[] = [];
    const result = await upload(server, logPath, { onNotice: ({ message }) => notices.push(message) });
    expect(result.outcome).toBe('complete');
    const run = kept(server);
    const uploaded = ['config.yaml', 'empty', 'late.txt', 'media/a b.bin', 'wandb-summary.json'];
    expect([...run.files.keys()].sort()).toEqual(uploaded);
    expect(run.files.get('media/a b.bin')!.equals(bytes)).toBe(true);
    expect(run.announced.sort()).toEqual(uploaded);
    expect(run.anomalies).toEqual([]);
    const puts = server.requests.filter(({ kind }) => kind === 'file');
    for (const { headers, body } of puts) {
      expect(headers.authorization).toBeUndefined();
      expect(headers['transfer-encoding']).toBeUndefined();
      expect(headers['x-signed']).toBe('yes');
      expect(headers['content-length']).toBe(String(body.length));
    }
    expect(notices.length).toBe(3);
    expect(notices[0]).toContain('"gone"');
    expect(notices[1]).toContain('"../../outside" is not uploaded: it is not in files/');
  });

  it('that the server refuses do not end the run', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([{ files: { files: [{ path: 'a' }] } }, row(0), exit()]);
    writeFileSync(join(folderOf(logPath), 'files', 'a'), 'a');
    server.fault = ({ kind }) => (kind === 'file' ? { status: 403 } : undefined);
    const notices: string[] = [];
    const result = await upload(server, logPath, { onNotice: ({ code }) => notices.push(code) });
    expect([result.outcome, notices]).toEqual(['complete', Array(3).fill('file-not-uploaded')]);
    expect(kept(server)).toMatchObject({ announced: [], exitCodes: [0] });
  });

  it('of every run are, at its end, its config, its summary and what it printed', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([
      { config: { update: [{ nestedKey: ['opt', 'n'], valueJson: '"yes"' }] } },
      output('hel'),
      output('oops\n', 0),
      output('lo\n10%\r20%\r\n'),
      { summary: { update: [{ nestedKey: ['loss'], valueJson: 'NaN' }] } },
      exit(),
    ]);
    writeFileSync(join(folderOf(logPath), 'files', 'wandb-metadata.json'), '{"program":"train.mjs"}');
    expect((await upload(server, logPath)).outcome).toBe('complete');
    const run = kept(server);
    expect(run.variables.program).toBe('train.mjs');
    const texts = Object.fromEntries([...run.files].map(([name, bytes]) => [name, bytes.toString()]));
    expect(texts).toEqual({
      'config.yaml':
        '_wandb:\n    value:\n        m: []\n        t:\n            "12": microbatch\n' +
        'lr:\n    value: 0.1\nopt:\n    value:\n        "n": "yes"\n',
      'wandb-summary.json': '{"loss":NaN}',
      'output.log': 'oops\nhello\n20%\n',
    });
    expect(run.announced.sort()).toEqual(Object.keys(texts).sort());
  });

  it('take the place of links, and leave what those lead to as it is', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([row(0), output('hello\n'), exit()]);
    const files = join(folderOf(logPath), 'files');
    const names = ['config.yaml', 'wandb-summary.json', 'output.log'];
    const users = names.map((name) => join(folderOf(logPath), name));
    for (const [at, name] of names.entries()) {
      writeFileSync(users[at]!, 'of the user');
      (at === 1 ? linkSync : symlinkSync)(users[at]!, join(files, name));
      // As a crash would leave it, too.
      symlinkSync(users[at]!, join(files, `${name}.tmp`));
    }
    expect((await upload(server, logPath)).outcome).toBe('complete');
    expect(users.map((path) => readFileSync(path, 'utf8'))).toEqual(Array(3).fill('of the user'));
    expect(names.map((name) => lstatSync(join(files, name)).isFile())).toEqual([true, true, true]);
    expect(kept(server).files.get('output.log')!.toString()).toBe('hello\n');
  });

  it('that can’t be written are a notice, and the rest of the run arrives', async () => {
    const server = await uploadServer(KEY);
    const logPath = writeLog([row(0), output('hello\n'), exit()]);
    for (const name of ['config.yaml', 'output.log']) mkdirSync(join(folderOf(logPath), 'files', name));
    const notices: string[] = [];
    const onNotice = ({ code, message }: { code: string; message: string }) => notices.push(`${code} ${message}`);
    expect((await upload(server, logPath, { onNotice })).outcome).toBe('complete');
    expect(kept(server)).toMatchObject({ exitCodes: [0], anomalies: [] });
    expect(notices).toContainEqual(expect.stringMatching(/^file-not-written .*output\.log.*EISDIR/));
    expect(notices).toContainEqual(expect.stringMatching(/^file-not-written .*config\.yaml.*EISDIR/));
  });
});
