/** The metrics that define_metric declared, as `_wandb.value.m` of a run's config holds them. */
export interface MetricList {
  apply(content: Readonly<Record<string, unknown>>): void;
  /** Field numbers of wandb's MetricRecord as keys; flags as the list of those that are set. */
  encoded(): Record<string, unknown>[];
}

interface Metric {
  step: string;
  goal: number;
  options: Set<number>;
  summary: Set<number>;
}

// MetricRecord: 1 name, 5 index of the step metric (from 1), 6 options, 7 summary, 8 goal.
const OPTIONS = { stepSync: 1, hidden: 2, defined: 3 };
const SUMMARY = { min: 1, max: 2, mean: 3, best: 4, last: 5, none: 6, copy: 7, first: 8 };

/** Later declarations add to earlier ones. Globs are left out, as in the Python client: what they match is declared by name. */
export function createMetricList(): MetricList {
  const metrics = new Map<string, Metric>();

  return {
    apply(content) {
      const name = content.name as string | undefined;
      if (!name) return;
      const { stepMetric = '', goal = 0 } = content as { stepMetric?: string; goal?: number };
      const before = metrics.get(name);
      metrics.set(name, {
        step: stepMetric || (before?.step ?? ''),
        goal: goal || (before?.goal ?? 0),
        options: new Set([...(before?.options ?? []), ...flags(OPTIONS, content.options), OPTIONS.defined]),
        summary: new Set([...(before?.summary ?? []), ...flags(SUMMARY, content.summary)]),
      });
    },
    encoded() {
      const list: Record<string, unknown>[] = [];
      const indexes = new Map<string, number>();

      function add(name: string): number {
        const known = indexes.get(name);
        if (known !== undefined) return known;
        const entry: Record<string, unknown> = { 1: name };
        const index = list.push(entry);
        indexes.set(name, index);
        const metric = metrics.get(name);
        if (metric?.step) entry[5] = add(metric.step);
        entry[6] = [...(metric?.options ?? [])];
        entry[7] = [...(metric?.summary ?? [])];
        if (metric?.goal) entry[8] = metric.goal;
        return index;
      }

      for (const name of metrics.keys()) add(name);
      return list;
    },
  };
}

function flags(numbers: Readonly<Record<string, number>>, content: unknown): number[] {
  const set = (content ?? {}) as Record<string, boolean>;
  return Object.entries(numbers).flatMap(([name, number]) => (set[name] ? [number] : []));
}
