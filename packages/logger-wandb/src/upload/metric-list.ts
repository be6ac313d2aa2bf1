/** The metrics that define_metric declared, as `_wandb.value.m` of a run's config holds them. */
export interface MetricList {
  apply(content: Readonly<Record<string, unknown>>): void;
  /** Field numbers of wandb's MetricRecord as keys; flags as the list of those that are set. */
  encoded(): Record<string, unknown>[];
}

/** Fields of wandb's MetricRecord. */
interface MetricContent {
  readonly name?: string;
  readonly globName?: string;
  readonly stepMetric?: string;
  readonly goal?: number;
  readonly options?: Flags;
  readonly summary?: Flags;
  readonly control?: { readonly overwrite?: boolean };
}

type Flags = Readonly<Record<string, boolean>>;

interface Metric {
  readonly step: string;
  readonly goal: number;
  readonly options: readonly number[];
  readonly summary: readonly number[];
}

// MetricRecord: 1 name, 2 glob, 5 index of the step metric (from 1), 6 options, 7 summary, 8 goal.
const OPTIONS = { stepSync: 1, hidden: 2 };
const DEFINED = { defined: 3 };
// The official client sends neither 4, best, nor 7, copy.
const SUMMARY = { min: 1, max: 2, mean: 3, last: 5, none: 6, first: 8 };
const NOTHING: Metric = { step: '', goal: 0, options: [], summary: [] };

/**
 * Later declarations add to earlier ones, or take their place by `control.overwrite`. Globs don't count as defined and come
 * last, as in the Python client.
 */
export function createMetricList(): MetricList {
  const named = new Map<string, Metric>();
  const globs = new Map<string, Metric>();

  return {
    apply(content) {
      const {
        name = '',
        globName = '',
        stepMetric = '',
        goal = 0,
        options,
        summary,
        control,
      } = content as MetricContent;
      if (name === '' && globName === '') return;
      const [metrics, numbers] = name === '' ? [globs, OPTIONS] : [named, { ...OPTIONS, ...DEFINED }];
      const before = (!control?.overwrite && metrics.get(name || globName)) || NOTHING;
      // 'none' holds until the next summary that is asked for.
      const kept = summary === undefined ? before.summary : before.summary.filter((kind) => kind !== SUMMARY.none);
      metrics.set(name || globName, {
        step: stepMetric || before.step,
        goal: goal || before.goal,
        options: sorted(before.options, flags(numbers, options)),
        summary: sorted(kept, flags(SUMMARY, summary)),
      });
    },
    encoded() {
      const list: Record<string, unknown>[] = [];
      const indexes = new Map<string, number>();

      function add(field: 1 | 2, name: string, { step, goal, options, summary }: Metric): number {
        const entry: Record<string, unknown> = { [field]: name };
        const index = list.push(entry);
        if (field === 1) indexes.set(name, index);
        if (step !== '') entry[5] = indexes.get(step) ?? add(1, step, named.get(step) ?? NOTHING);
        entry[6] = options;
        entry[7] = summary;
        if (goal !== 0) entry[8] = goal;
        return index;
      }

      for (const [name, metric] of named) if (!indexes.has(name)) add(1, name, metric);
      for (const [glob, metric] of globs) add(2, glob, metric);
      return list;
    },
  };
}

function sorted(...lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

function flags(numbers: Readonly<Record<string, number>>, set: Flags = {}): number[] {
  return Object.entries(numbers).flatMap(([name, number]) => (set[name] ? [number] : []));
}
