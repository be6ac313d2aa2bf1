import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { uploadRun } from '../src/upload/upload-run.js';
import { upload } from './upload-client.js';
import { exit, row, writeLog } from './upload-log.js';
import { KEY, uploadServer } from './upload-server.js';

describe('the key', () => {
  it('is in nothing that the uploader says or leaves, also when the server says it back', async () => {
    const server = await uploadServer(KEY);
    const said: string[] = [];
    const encoded = Buffer.from(`api:${KEY}`).toString('base64');
    let count = 0;
    server.fault = ({ kind }) => {
      if (kind !== 'file_stream') return undefined;
      return { status: count++ < 4 ? 500 : 403, body: `you sent ${KEY} as Basic ${encoded}` };
    };
    const logPath = writeLog([row(0), exit()]);
    const result = await upload(server, logPath, {
      onNotice: (notice) => said.push(JSON.stringify(notice)),
      onProgress: (progress) => said.push(JSON.stringify(progress)),
    });
    const { message, stack, cause } = result.error!;
    said.push(
      JSON.stringify(result),
      message,
      String(stack),
      String(cause),
      readFileSync(`${logPath}.upload.json`, 'utf8'),
    );
    expect(said.length).toBeGreaterThan(5);
    for (const text of said) {
      expect(text).not.toContain(KEY);
      expect(text).not.toContain(encoded);
    }
  });

  it.each(['', 'with space', 'with\nline', undefined])('%j is refused by name', async (apiKey) => {
    const logPath = writeLog([]);
    const options = { logPath, baseUrl: 'http://127.0.0.1:1', apiKey: apiKey as string };
    await expect(uploadRun(options)).rejects.toThrow(/^apiKey must be/);
    expect(existsSync(`${logPath}.upload.json`)).toBe(false);
  });

  it.each(['', 'api.wandb.ai', 'ftp://x', 'http://user:secret@x', 'http://x/?a=b'])(
    '%j is no baseUrl',
    async (baseUrl) => {
      const refused = uploadRun({ logPath: writeLog([]), baseUrl, apiKey: KEY });
      await expect(refused).rejects.toThrow(/^baseUrl /);
      await expect(refused).rejects.not.toThrow(/secret/);
    },
  );
});
