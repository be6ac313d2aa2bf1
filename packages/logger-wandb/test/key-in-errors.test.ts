import { describe, expect, it } from 'vitest';
import { startRun, syncRun, wandb } from '../src/index.js';
import { emptyFolder } from './folders.js';

const KEY = '0123456789abcdef0123456789abcdef01234567';
const dir = () => emptyFolder();

const MISUSES: readonly [what: string, options: unknown][] = [
  ['the options', KEY],
  ['a mode', { mode: KEY }],
  ['a transport', { transport: KEY }],
  ['resume', { resume: KEY }],
  ['a part of dir', { dir: { key: KEY } }],
  ['a list', { apiKey: [KEY] }],
  ['a key with a space', { apiKey: ` ${KEY}` }],
  ['tags', { tags: KEY }],
  ['a part of the project', { project: { KEY } }],
  ['the address', { baseUrl: KEY }],
  ['a flag', { systemMetrics: KEY }],
  ["the SDK's settings", { settings: { apiKey: KEY } }],
  ['an unknown option', { wandbKey: KEY }],
  ['a short secret under an unknown name', { password: 'hunter2' }],
];

describe('a key in the wrong place', () => {
  it.each(MISUSES)('is not shown by the error: %s', async (_what, options) => {
    const given = typeof options === 'object' ? { dir: dir(), ...options } : options;
    const errors: unknown[] = [];
    await startRun(given as never).catch((error: unknown) => errors.push(error));
    try {
      wandb(given as never);
    } catch (error) {
      errors.push(error);
    }
    await syncRun('somewhere', given as never).catch((error: unknown) => errors.push(error));
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error);
      expect(String((error as Error).stack)).not.toMatch(new RegExp(`${KEY}|hunter2`));
    }
  });
});
