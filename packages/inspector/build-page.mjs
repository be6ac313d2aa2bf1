// Bundles the page of `microbatch view` into dist/page: `node packages/inspector/build-page.mjs`, after the install alone.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const from = fileURLToPath(new URL('page/', import.meta.url));
const to = fileURLToPath(new URL('dist/page/', import.meta.url));
const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));

await mkdir(to, { recursive: true });
await build({
  input: join(from, 'main.ts'),
  // Sources name each other by what they would be compiled to.
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  output: { file: join(to, 'page.js'), format: 'esm', minify: true, comments: { legal: true } },
  logLevel: 'warn',
});
const styles = [join(uplot, 'dist/uPlot.min.css'), join(from, 'page.css')];
await writeFile(join(to, 'page.css'), (await Promise.all(styles.map((file) => readFile(file, 'utf8')))).join('\n'));
for (const name of ['index.html', 'icon.svg']) await copyFile(join(from, name), join(to, name));
