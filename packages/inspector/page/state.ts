import type { Axis, RunAnswer, RunsAnswer } from '../src/view/protocol.js';
import { firstAxis } from './axes.js';

export const VIEWS = ['charts', 'axes', 'media', 'runs', 'details'] as const;

export type View = (typeof VIEWS)[number];

export type Theme = 'auto' | 'light' | 'dark';

/** What the page shows. */
export interface PageState {
  readonly answer: RunsAnswer | undefined;
  /** Why there is no answer, or none any more. */
  readonly trouble: string | undefined;
  readonly view: View;
  /** The runs that charts overlay, by key. */
  readonly selected: ReadonlySet<number>;
  /** The run that one-run views show. */
  readonly focus: number | undefined;
  /** Undefined until the user chooses one. */
  readonly axis: Axis | undefined;
  readonly smooth: number;
  readonly isLog: boolean;
  readonly tagFilter: string;
  readonly runFilter: string;
  readonly theme: Theme;
}

/** The state, and who wants to know of its changes. */
export interface PageStore {
  readonly state: PageState;
  update(change: Partial<PageState>): void;
  subscribe(listener: (state: PageState, before: PageState) => void): void;
}

export function createStore(initial: PageState): PageStore {
  let state = initial;
  const listeners: ((state: PageState, before: PageState) => void)[] = [];
  return {
    get state() {
      return state;
    },
    update(change) {
      const before = state;
      state = { ...state, ...change };
      for (const listener of listeners) listener(state, before);
    },
    subscribe: (listener) => {
      listeners.push(listener);
    },
  };
}

/** The runs that charts overlay, newest first. */
export function selectedRuns({ answer, selected }: PageState): readonly RunAnswer[] {
  return newestFirst(answer?.runs ?? []).filter(({ key }) => selected.has(key));
}

/** The run that one-run views show: the chosen one, or else the newest that is ticked, or else the newest. */
export function focusedRun({ answer, focus, selected }: PageState): RunAnswer | undefined {
  const runs = newestFirst(answer?.runs ?? []);
  return runs.find(({ key }) => key === focus) ?? runs.find(({ key }) => selected.has(key)) ?? runs[0];
}

/** The axis that charts are on. */
export function axisOf(state: PageState): Axis {
  return state.axis ?? firstAxis(selectedRuns(state));
}

export function newestFirst(runs: readonly RunAnswer[]): RunAnswer[] {
  return runs.toSorted((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0) || b.key - a.key);
}
