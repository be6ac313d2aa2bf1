import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { build, type Rolldown } from 'vite';
import type { Server } from '../programs.js';

const require = createRequire(import.meta.url);

/** Bundles page.ts with what packages were built to, as a user's bundler would, and serves it with tfjs's wasm files. */
export async function servePage(): Promise<Server> {
  const program = await bundle(join(import.meta.dirname, 'page.ts'));
  const wasm = dirname(require.resolve('@tensorflow/tfjs-backend-wasm'));
  const server = createServer(({ url = '/' }, response) => {
    const send = (type: string, body: string | Buffer) => response.setHeader('content-type', type).end(body);
    if (url === '/') send('text/html', '<!doctype html><script type="module" src="/page.js"></script>');
    else if (url === '/page.js') send('text/javascript', program);
    else if (/^\/wasm\/[\w-]+\.wasm$/.test(url)) send('application/wasm', readFileSync(join(wasm, basename(url))));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bundle(entry: string): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, lib: { entry, formats: ['es'] } },
  })) as Rolldown.RolldownOutput[];
  const [chunk, ...others] = built.flatMap(({ output }) => output);
  if (chunk?.type === 'chunk' && others.length === 0) return chunk.code;
  throw new Error(`the page's bundle has ${others.length + 1} files, not one`);
}
