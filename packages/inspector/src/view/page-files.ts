import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Answer } from './answers.js';

/** Where the build puts the page: seen from `src` and from `dist` alike. */
const FOLDER = new URL('../../dist/page/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** The page's files by the name that a browser asks for; `''` is the page. Rejects where it is not built. */
export async function readPageFiles(): Promise<ReadonlyMap<string, Answer>> {
  const files = new Map<string, Answer>();
  for (const [name, type] of Object.entries(TYPES)) {
    try {
      files.set(name === 'index.html' ? '' : name, { type, body: await readFile(new URL(name, FOLDER)) });
    } catch (cause) {
      throw new Error(`the page is not built: ${fileURLToPath(FOLDER)} has no ${name} (npm run build)`, { cause });
    }
  }
  return files;
}
