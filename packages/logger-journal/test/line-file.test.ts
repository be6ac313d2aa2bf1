import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lineFile, WRITE_THROUGH_MS } from '../src/line-file.js';
import { temporaryFolder } from './temporary-folder.js';

// Virtual time: no test waits, and none depends on how fast the machine is.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function open() {
  const path = join(temporaryFolder(), 'lines.txt');
  return { file: lineFile(openSync(path, 'wx')), onDisk: () => readFileSync(path, 'utf8') };
}

describe('lineFile', () => {
  it('writes the first line at once', () => {
    const { file, onDisk } = open();
    file.append('a\n');
    expect(onDisk()).toBe('a\n');
    file.close();
  });

  it('buffers what follows within 250 ms, then writes it by itself', () => {
    const { file, onDisk } = open();
    file.append('a\n');
    vi.advanceTimersByTime(100);
    file.append('b\n');
    vi.advanceTimersByTime(WRITE_THROUGH_MS - 101);
    expect(onDisk()).toBe('a\n');
    vi.advanceTimersByTime(1);
    expect(onDisk()).toBe('a\nb\n');
    expect(vi.getTimerCount()).toBe(0);
    file.close();
  });

  it('lets no call find older text unwritten, in a loop that never yields to timers', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { file, onDisk } = open();
    for (let ms = 0; ms < 2000; ms += 10) {
      file.append(`${ms}\n`);
      const lastWritten = Number(onDisk().split('\n').at(-2));
      expect(ms - lastWritten).toBeLessThan(WRITE_THROUGH_MS);
      vi.advanceTimersByTime(10);
    }
    file.close();
  });

  it('writes whole lines once 64 KiB wait', () => {
    const { file, onDisk } = open();
    const line = `${'x'.repeat(99)}\n`;
    file.append(line);
    for (let count = 0; count < 655; count++) file.append(line);
    expect(onDisk()).toHaveLength(100);
    file.append(line);
    expect(onDisk()).toHaveLength(65_700);
    file.close();
  });

  it('writes what waits when it is synced and when it is closed, and stops its timer', () => {
    const { file, onDisk } = open();
    file.append('a\n');
    file.append('ü\n');
    file.sync();
    expect(onDisk()).toBe('a\nü\n');
    file.append('c\n');
    file.close();
    file.close();
    expect(onDisk()).toBe('a\nü\nc\n');
    expect(vi.getTimerCount()).toBe(0);
  });
});
