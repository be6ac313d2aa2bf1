import { readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const NAME = /^events\.out\.tfevents\.(\d{10})\./;
const LAST_SECOND = 9_999_999_999;
let files = 0;

/** Whether TensorBoard takes a file of this name for an event file. */
export function isEventFileName(name: string): boolean {
  return name.includes('tfevents');
}

/** The names of a folder's event files, also of links to some, in the order in which TensorBoard reads them. */
export function eventFileNames(directory: string): string[] {
  const names: string[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!isEventFileName(entry.name)) continue;
    if (entry.isFile() || (entry.isSymbolicLink() && leadsToFile(join(directory, entry.name)))) names.push(entry.name);
  }
  return names.sort();
}

function leadsToFile(link: string): boolean {
  try {
    return statSync(link).isFile();
  } catch {
    return false;
  }
}

/**
 * A name, new in this process, that sorts after all of `existing`, which are sorted.
 *
 * TensorBoard reads a run's files in the order of their names and drops steps that seem to go back: hence the padding,
 * and a second that is moved on where the clock went back or another file began in the same second.
 */
export function nextEventFileName(existing: readonly string[], nowMs: number): string {
  const host = hostname().replace(/[^\w.-]/g, '-') || 'localhost';
  const tail = `${host}.${pad(process.pid, 10)}.${pad(files++, 6)}`;
  const name = (second: number) => `events.out.tfevents.${pad(second, 10)}.${tail}`;
  const candidate = name(Math.floor(nowMs / 1000));
  const last = existing.findLast((other) => NAME.test(other));
  if (last === undefined || candidate > last) return candidate;
  const lastSecond = Number(NAME.exec(last)![1]);
  return lastSecond < LAST_SECOND ? name(lastSecond + 1) : candidate;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
