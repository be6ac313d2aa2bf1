import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { serveRuns } from '../src/view/serve-runs.js';
import { ask } from './ask.js';
import { newsUntil, pathOf, served } from './served.js';
import { temporaryFolder } from './temporary-folder.js';
import { writeRun } from './write-run.js';

describe('the server of the page', () => {
  it('gives the page and nothing from elsewhere', async () => {
    const server = await served(temporaryFolder());
    const { status, headers, body } = await ask(server.url, pathOf(server));
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    const links = [...body.toString().matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      expect(link).toMatch(/^[\w.]+$/);
      expect((await ask(server.url, pathOf(server) + link)).status, link).toBe(200);
    }
  });

  it('listens on the loopback address alone', async () => {
    const server = await served(temporaryFolder());
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    const { port } = new URL(server.url);
    // Taken on 127.0.0.1, the port is still free on the others of this machine.
    const other = createServer();
    await new Promise<void>((resolve, reject) =>
      other.once('error', reject).listen(Number(port), '127.0.0.2', resolve),
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it('refuses all that does not know the token, or comes from elsewhere', async () => {
    const dir = temporaryFolder();
    writeRun(dir, sampleRun());
    const server = await served(dir);
    const { host } = new URL(server.url);
    const path = pathOf(server);
    const wrong = `${path.slice(0, -2)}${path.at(-2) === 'a' ? 'b' : 'a'}/`;
    const refused: readonly (readonly [string, Record<string, string>])[] = [
      ['/', {}],
      ['/api/runs', {}],
      ['/page.js', {}],
      [wrong, {}],
      [`${wrong}api/runs`, {}],
      [path.slice(0, -1), {}],
      [`/${path}`, {}],
      [`${path}api/runs`, { host: 'evil.example' }],
      [`${path}api/runs`, { host: `evil.example:${new URL(server.url).port}` }],
      [`${path}api/runs`, { host: '127.0.0.1' }],
      [`${path}api/runs`, { origin: 'https://evil.example' }],
      [`${path}api/runs`, { origin: 'null' }],
      [`${path}api/runs`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }],
      [`${path}page.js`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
      [`${path}`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
      [`${path}api/events`, { host: 'evil.example' }],
    ];
    for (const [target, headers] of refused) {
      const said = await ask(server.url, target, { headers });
      expect([said.status, said.body.toString()], JSON.stringify([target, headers])).toEqual([403, '403\n']);
      expect(said.headers['access-control-allow-origin']).toBeUndefined();
    }
    for (const headers of [{ host }, { origin: `http://${host}` }, { 'sec-fetch-site': 'same-origin' }]) {
      expect((await ask(server.url, `${path}api/runs`, { headers })).status).toBe(200);
    }
    const localhost = { host: host.replace('127.0.0.1', 'localhost') };
    expect((await ask(server.url, `${path}api/runs`, { headers: localhost })).status).toBe(200);
  });

  it('has nothing outside of the folder, whatever the path says', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'secret.txt'), 'secret');
    const server = await served(join(dir, '.'));
    const path = pathOf(server);
    for (const rest of [
      '../secret.txt',
      '..%2fsecret.txt',
      '%2e%2e/secret.txt',
      '/etc/passwd',
      'secret.txt',
      './page.js',
      'page.js/',
      'page.js/../page.js',
      'api/../page.js',
      'api/run/../../secret.txt',
      'api/run/..%2f..%2fsecret.txt',
      'api/run/1e0',
      'api/run/-1',
      'api/run/0',
      'api/media/0/picture?tag=0&index=0',
      'api/nothing',
      'api/runs/0/0/0/0',
      'api/series?tag=99&axis=time',
      'api/series?tag=0&axis=__proto__',
      'page.js%00',
    ]) {
      const said = await ask(server.url, path + rest);
      expect([said.status, said.body.toString()], rest).toEqual([404, '404\n']);
    }
    expect((await ask(server.url, `${path}api/runs`, { method: 'POST' })).status).toBe(405);
    expect((await ask(server.url, path, { method: 'HEAD' })).body.length).toBe(0);
  });

  it('leads to the page by a link that works once', async () => {
    const server = await served(temporaryFolder());
    const link = server.linkOnce();
    expect(link).not.toContain(pathOf(server));
    const { pathname } = new URL(link);
    expect((await ask(server.url, pathname, { headers: { host: 'evil.example' } })).status).toBe(403);
    const first = await ask(server.url, pathname);
    expect([first.status, first.headers.location]).toEqual([303, pathOf(server)]);
    expect((await ask(server.url, pathname)).status).toBe(403);
  });

  it('ends its answers when it is closed', async () => {
    const server = await serveRuns(temporaryFolder());
    const waiting = newsUntil(server, () => false);
    await newsUntil(server, ({ isLoaded }) => isLoaded);
    await server.close();
    await expect(waiting).rejects.toThrow();
    await expect(ask(server.url, pathOf(server))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('rejects where the port is taken or the folder is none', async () => {
    const dir = temporaryFolder();
    const { url } = await served(dir);
    await expect(serveRuns(dir, { port: Number(new URL(url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(serveRuns(join(dir, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
