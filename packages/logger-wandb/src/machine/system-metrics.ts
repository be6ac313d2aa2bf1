import { type MachineReadings, readMachine } from './machine-readings.js';

const MEGABYTE = 1024 ** 2;
const GIGABYTE = 1024 ** 3;

/**
 * Makes the function that says how busy the machine is, by the names under which W&B's pages show it (they put `system.`
 * before each): `cpu` is what this process took of all cores since the call before, in percent; `network.*` are bytes since
 * this function was made; the rest is of the moment. What a platform does not tell is left out.
 */
export function createSystemMetrics(read: () => MachineReadings = readMachine): () => Record<string, number> {
  const start = read();
  let before = start;
  return () => {
    const now = read();
    const metrics = toMetrics(now, before, start);
    before = now;
    return metrics;
  };
}

function toMetrics(now: MachineReadings, before: MachineReadings, start: MachineReadings): Record<string, number> {
  const { rssBytes, totalBytes, availableBytes, threads, disk, network } = now;
  const metrics: Record<string, number> = {};
  const passedMs = now.timeMs - before.timeMs;
  if (passedMs > 0) metrics.cpu = ((now.cpuMs - before.cpuMs) / passedMs / now.cores) * 100;
  if (threads !== undefined) metrics['proc.cpu.threads'] = threads;
  metrics['proc.memory.rssMB'] = rssBytes / MEGABYTE;
  metrics['proc.memory.percent'] = (rssBytes / totalBytes) * 100;
  metrics['proc.memory.availableMB'] = availableBytes / MEGABYTE;
  metrics.memory_percent = (1 - availableBytes / totalBytes) * 100;
  if (disk !== undefined) {
    metrics['disk./.usagePercent'] = (disk.usedBytes / (disk.usedBytes + disk.freeBytes)) * 100;
    metrics['disk./.usageGB'] = disk.usedBytes / GIGABYTE;
  }
  if (network !== undefined && start.network !== undefined) {
    metrics['network.sent'] = network.sentBytes - start.network.sentBytes;
    metrics['network.recv'] = network.receivedBytes - start.network.receivedBytes;
  }
  return metrics;
}

/** Calls `work` every `everyMs` until what it returns is called. */
export type Every = (everyMs: number, work: () => void) => () => void;

/** The process's own clock; it keeps no process alive. */
const systemEvery: Every = (everyMs, work) => {
  const timer = setInterval(work, everyMs);
  timer.unref();
  return () => clearInterval(timer);
};

/** Hands `onSample` the metrics every `everyMs`, the first time after as long. Returns what stops it. */
export function startSystemMetrics(options: {
  readonly onSample: (metrics: Record<string, number>) => void;
  readonly everyMs?: number;
  readonly every?: Every;
  readonly read?: () => MachineReadings;
}): () => void {
  const { onSample, everyMs = 15_000, every = systemEvery, read = readMachine } = options;
  const sample = createSystemMetrics(read);
  return every(everyMs, () => onSample(sample()));
}
