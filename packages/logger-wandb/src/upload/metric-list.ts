/** The metrics that define_metric declared, as `_wandb.value.m` of a run's config holds them. */
export interface MetricList {
  apply(content: Readonly<Record<string, unknown>>): void;
  /** Field numbers of wandb's MetricRecord as keys; flags as the list of those that are set. */
  encoded(): Record<string, unknown>[];
}

interface MetricContent {
  readonly name?: string;
  readonly globName?: string;
  readonly stepMetric?: string;
  readonly goal?: number;
}

interface Metric {
  step: string;
  goal: number;
  options: Set<number>;
  summary: Set<number>;
}

// MetricRecord: 1 name, 2 glob, 5 index of the step metric (from 1), 6 options, 7 summary, 8 goal.
const OPTIONS = { stepSync: 1, hidden: 2 };
const DEFINED = 3;
const SUMMARY = { min: 1, max: 2, mean: 3, best: 4, last: 5, none: 6, copy: 7, first: 8 };

/** Later declarations add to earlier ones. Only names count as defined, and globs come last, as in the Python client. */
export function createMetricList(): MetricList {
  const named = new Map<string, Metric>();
  const globs = new Map<string, Metric>();

  return {
    apply(content) {
      const { name = '', globName = '', stepMetric = '', goal = 0 } = content as MetricContent;
      if (name === '' && globName === '') return;
      const metrics = name === '' ? globs : named;
      const before = metrics.get(name || globName);
      metrics.set(name || globName, {
        step: stepMetric || (before?.step ?? ''),
        goal: goal || (before?.goal ?? 0),
        options: new Set([...(before?.options ?? []), ...flags(OPTIONS, content.options)]),
        summary: new Set([...(before?.summary ?? []), ...flags(SUMMARY, content.summary)]),
      });
    },
    encoded() {
      const list: Record<string, unknown>[] = [];
      const indexes = new Map<string, number>();

      function add(field: 1 | 2, name: string, metric: Metric | undefined): number {
        const entry: Record<string, unknown> = { [field]: name };
        const index = list.push(entry);
        if (field === 1) indexes.set(name, index);
        if (metric?.step) entry[5] = indexes.get(metric.step) ?? add(1, metric.step, named.get(metric.step));
        entry[6] = [...(metric?.options ?? []), ...(field === 1 && metric !== undefined ? [DEFINED] : [])];
        entry[7] = [...(metric?.summary ?? [])];
        if (metric?.goal) entry[8] = metric.goal;
        return index;
      }

      for (const [name, metric] of named) if (!indexes.has(name)) add(1, name, metric);
      for (const [glob, metric] of globs) add(2, glob, metric);
      return list;
    },
  };
}

function flags(numbers: Readonly<Record<string, number>>, content: unknown): number[] {
  const set = (content ?? {}) as Record<string, boolean>;
  return Object.entries(numbers).flatMap(([name, number]) => (set[name] ? [number] : []));
}
