import { describe, expect, it } from 'vitest';
import { type MachineReadings, readMachine } from '../src/machine/machine-readings.js';
import { createSystemMetrics, type Every, startSystemMetrics } from '../src/machine/system-metrics.js';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

const first: MachineReadings = {
  timeMs: 1000,
  cpuMs: 400,
  cores: 4,
  rssBytes: 100 * MB,
  totalBytes: 1000 * MB,
  availableBytes: 250 * MB,
  threads: 11,
  disk: { usedBytes: 30 * GB, freeBytes: 10 * GB },
  network: { sentBytes: 5, receivedBytes: 7 },
};

/** Hands out readings one after another. */
function inTurn(...readings: MachineReadings[]): () => MachineReadings {
  return () => {
    const reading = readings.shift();
    if (reading === undefined) throw new Error('read too often');
    return reading;
  };
}

/** A clock whose time passes when `pass` is called. */
function handClock(): { every: Every; pass: () => void; waits: number[] } {
  const works = new Set<() => void>();
  const waits: number[] = [];
  return {
    waits,
    every(everyMs, work) {
      waits.push(everyMs);
      works.add(work);
      return () => works.delete(work);
    },
    pass() {
      for (const work of works) work();
    },
  };
}

describe('system metrics', () => {
  it('have the names of the official client, and count from the sample before', () => {
    const second = { ...first, timeMs: 2000, cpuMs: 2400, network: { sentBytes: 105, receivedBytes: 8 } };
    const third = { ...second, timeMs: 4000, cpuMs: 2400, network: { sentBytes: 205, receivedBytes: 8 } };
    const sample = createSystemMetrics(inTurn(first, second, third));
    expect(sample()).toEqual({
      cpu: 50,
      'proc.cpu.threads': 11,
      'proc.memory.rssMB': 100,
      'proc.memory.percent': 10,
      'proc.memory.availableMB': 250,
      memory_percent: 75,
      'disk./.usagePercent': 75,
      'disk./.usageGB': 30,
      'network.sent': 100,
      'network.recv': 1,
    });
    expect(sample()).toMatchObject({ cpu: 0, 'network.sent': 200 });
  });

  it('leave out what the machine does not tell, and what no time has passed for', () => {
    const { threads: _threads, disk: _disk, network: _network, ...poor } = first;
    expect(Object.keys(createSystemMetrics(inTurn(poor, poor))())).toEqual([
      'proc.memory.rssMB',
      'proc.memory.percent',
      'proc.memory.availableMB',
      'memory_percent',
    ]);
  });

  it('of this machine are finite and in their bounds', () => {
    const { rssBytes, totalBytes, availableBytes, cores } = readMachine();
    expect(rssBytes).toBeGreaterThan(MB);
    expect(totalBytes).toBeGreaterThan(rssBytes);
    expect(availableBytes).toBeLessThanOrEqual(totalBytes);
    expect(cores).toBeGreaterThanOrEqual(1);
    const metrics = createSystemMetrics()();
    for (const value of Object.values(metrics)) expect(Number.isFinite(value) && value >= 0).toBe(true);
    expect(metrics['disk./.usagePercent']).toBeLessThanOrEqual(100);
    if (process.platform === 'linux') expect(metrics['proc.cpu.threads']).toBeGreaterThan(1);
  });

  it('are sampled every 15 s, the first time after as long, until they are stopped', () => {
    const clock = handClock();
    const samples: Record<string, number>[] = [];
    const stop = startSystemMetrics({
      onSample: (sample) => samples.push(sample),
      every: clock.every,
      read: inTurn(first, { ...first, timeMs: 2000 }, { ...first, timeMs: 3000 }),
    });
    expect(clock.waits).toEqual([15_000]);
    expect(samples).toEqual([]);
    clock.pass();
    clock.pass();
    stop();
    clock.pass();
    expect(samples.map(({ cpu }) => cpu)).toEqual([0, 0]);
  });
});
