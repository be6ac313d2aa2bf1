const MIB = 2 ** 20;

/**
 * Watches the memory of this process, which runs with `--expose-gc`: how far the resident memory rises between `begin()` and
 * `end()` above where it stood, and what the heap holds after a collection. `rows(suffix, limits)` are the rows; limits in MiB.
 */
export function memoryGrowth() {
  const before = {};
  const after = {};
  let peak = 0;
  return {
    begin() {
      before.heap = heap();
      before.resident = process.memoryUsage.rss();
      before.peak = process.resourceUsage().maxRSS * 1024;
    },
    sample() {
      peak = Math.max(peak, process.memoryUsage.rss());
    },
    end() {
      const highest = process.resourceUsage().maxRSS * 1024;
      // The system's own mark counts where it rose: samples can miss a short peak.
      if (highest > before.peak) peak = Math.max(peak, highest);
      after.heap = heap();
    },
    rows(suffix, limits) {
      const growth = peak - before.resident;
      const drift = after.heap - before.heap;
      return [
        {
          what: `Peak growth of resident memory, ${suffix}`,
          median: mib(growth),
          interval: `${mib(before.resident)} to ${mib(peak)}`,
          target: `≤ ${limits.peak} MiB`,
          met: growth <= limits.peak * MIB,
        },
        {
          what: `Heap after a forced collection, ${suffix}`,
          median: mib(drift),
          interval: `${mib(before.heap)} to ${mib(after.heap)}`,
          target: `± ${limits.heap} MiB`,
          met: Math.abs(drift) <= limits.heap * MIB,
        },
      ];
    },
  };
}

function heap() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function mib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
