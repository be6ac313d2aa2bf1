import { readFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkedBaseUrl, runUrl } from '../src/upload/server-address.js';
import { uploadRun } from '../src/upload/upload-run.js';
import { exit, writeLog } from './upload-log.js';
import { KEY } from './upload-server.js';
import { testTimers } from './upload-timers.js';

async function listen(server: Server | ReturnType<typeof createPlainServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('the server', () => {
  it.each(['1', '0'])(
    'gets nothing where its certificate is not to be trusted, NODE_TLS_REJECT_UNAUTHORIZED=%s',
    async (reject) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', reject);
      onTestFinished(() => void vi.unstubAllEnvs());
      const pem = readFileSync(new URL('./certificates/untrusted.pem', import.meta.url));
      let requests = 0;
      const port = await listen(
        createServer({ key: pem, cert: pem }, (_, response) => {
          requests++;
          response.end('{}');
        }),
      );
      const timers = testTimers();
      const result = await uploadRun({
        logPath: writeLog([exit()]),
        baseUrl: `https://127.0.0.1:${port}`,
        apiKey: KEY,
        timers,
      });
      expect(result).toMatchObject({ outcome: 'failed', error: { code: 'upload-tls-failed' } });
      expect([requests, timers.waits]).toEqual([0, []]);
    },
  );

  it.each(['http://127.0.0.1:1', 'http://127.0.0.1:6667'])(
    'is not asked again where no request can be sent: %s',
    async (baseUrl) => {
      const timers = testTimers();
      const result = await uploadRun({ logPath: writeLog([exit()]), baseUrl, apiKey: KEY, timers });
      expect(result).toMatchObject({ outcome: 'failed', error: { code: 'upload-unreachable' } });
      expect(result.error!.message).toContain('bad port');
      expect(timers.waits).toEqual([]);
    },
  );

  it('can not send the key elsewhere by a redirect', async () => {
    let requests = 0;
    const elsewhere = await listen(createPlainServer(() => requests++));
    const location = `http://127.0.0.1:${elsewhere}/graphql`;
    const port = await listen(
      createPlainServer((request, response) => {
        request.resume();
        response.writeHead(307, { location }).end();
      }),
    );
    const result = await uploadRun({
      logPath: writeLog([exit()]),
      baseUrl: `http://127.0.0.1:${port}`,
      apiKey: KEY,
      timers: testTimers(),
    });
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'upload-refused' } });
    expect(result.error!.message).toContain('the server answered 307');
    expect(requests).toBe(0);
  });

  it('is warned of where the way to it is not encrypted, but not on this machine', () => {
    const codes = (url: string) => {
      const said: string[] = [];
      checkedBaseUrl(url, ({ code }) => said.push(code));
      return said;
    };
    for (const url of ['https://api.wandb.ai', 'http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:1']) {
      expect(codes(url)).toEqual([]);
    }
    for (const url of ['http://wandb.example.com', 'http://10.0.0.1', 'http://127.0.0.1.example.com']) {
      expect(codes(url)).toEqual(['plain-http']);
    }
  });

  it('has pages at the address that the official client shows', () => {
    const run = { entity: 'me', project: 'a b', runId: 'x' };
    expect(runUrl('https://api.wandb.ai', run)).toBe('https://wandb.ai/me/a%20b/runs/x');
    expect(runUrl('https://api.wandb.test', run)).toBe('https://app.wandb.test/me/a%20b/runs/x');
    expect(runUrl('https://wandb.example.com/sub', run)).toBe('https://wandb.example.com/sub/me/a%20b/runs/x');
  });
});
