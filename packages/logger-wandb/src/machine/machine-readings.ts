import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

/** What a machine and this process say of themselves at one moment. What a platform does not tell is absent. */
export interface MachineReadings {
  /** ms of a clock that only goes forward. */
  readonly timeMs: number;
  /** CPU time that this process has taken, in all threads. */
  readonly cpuMs: number;
  /** Cores that this process may use. */
  readonly cores: number;
  readonly rssBytes: number;
  /** Memory that there is, or that this process's container may use. */
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly threads?: number;
  /** Of the file system at the root; what is free for its owner alone counts as neither. */
  readonly disk?: { readonly usedBytes: number; readonly freeBytes: number };
  /** Of all network interfaces, since the machine started. */
  readonly network?: { readonly sentBytes: number; readonly receivedBytes: number };
}

/** Takes the readings of this moment; 0.1 ms or so. */
export function readMachine(): MachineReadings {
  const { user, system } = process.cpuUsage();
  const limit = process.constrainedMemory();
  const threads = threadCount();
  const disk = diskUse();
  const network = networkTraffic();
  return {
    timeMs: performance.now(),
    cpuMs: (user + system) / 1000,
    cores: availableParallelism(),
    rssBytes: process.memoryUsage.rss(),
    totalBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    availableBytes: process.availableMemory(),
    ...(threads === undefined ? {} : { threads }),
    ...(disk === undefined ? {} : { disk }),
    ...(network === undefined ? {} : { network }),
  };
}

function threadCount(): number | undefined {
  const count = Number(/^Threads:\s*(\d+)/m.exec(textOf('/proc/self/status'))?.[1]);
  return count > 0 ? count : undefined;
}

function diskUse(): MachineReadings['disk'] {
  try {
    const { bsize, blocks, bfree, bavail } = statfsSync('/');
    return { usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
}

/*
 * /proc/net/dev: two lines of titles, then a line for each interface:
 * name: bytes packets errs drop fifo frame compressed multicast (received), bytes … (sent)
 */
function networkTraffic(): MachineReadings['network'] {
  const lines = textOf('/proc/net/dev').split('\n').slice(2, -1);
  if (lines.length === 0) return undefined;
  let sentBytes = 0;
  let receivedBytes = 0;
  for (const line of lines) {
    const counts = line
      .slice(line.indexOf(':') + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    receivedBytes += counts[0] ?? 0;
    sentBytes += counts[8] ?? 0;
  }
  return { sentBytes, receivedBytes };
}

/** A file's text; none of one that is not there, as on most platforms. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
