import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { SummaryWriter } from '../src/summary-writer.js';
import { temporaryFolder } from './temporary-folder.js';

/** That a call throws such an error, that names argument and value, and leaves nothing behind. */
export function expectRefused(
  call: (writer: SummaryWriter) => unknown,
  errorClass: ErrorConstructor,
  message: RegExp,
): void {
  const logDir = temporaryFolder();
  using writer = new SummaryWriter(logDir);
  writer.flush();
  const before = readFileSync(writer.path);
  expect(() => call(writer)).toThrow(errorClass);
  expect(() => call(writer)).toThrow(message);
  writer.flush();
  expect(readFileSync(writer.path).equals(before)).toBe(true);
  expect(readdirSync(logDir)).toHaveLength(1);
}
