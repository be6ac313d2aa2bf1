import { decodeJson, encodeJson, type JsonValue } from '../logger/json-codec.js';
import { show } from '../logger/option-checks.js';
import type { PolicyInfo, ResolvedPlan, RunInfo } from '../logger/run-info.js';
import type { EpochProgressState } from './epoch-progress.js';
import type { OpenWindowState } from './open-window.js';
import type { SmoothState } from './smooth-loss.js';
import type { TargetState } from './window-targets.js';

/** All that an accumulator knows between two calls. */
export interface AccumulatorState {
  readonly phase: 'new' | 'running' | 'ended';
  readonly microStep: number;
  readonly step: number;
  readonly samples: number;
  readonly time: number;
  readonly epoch: EpochProgressState;
  readonly window: OpenWindowState;
  readonly targets: TargetState;
  readonly smooth: SmoothState;
  readonly learningRate: number | null;
  readonly nonFiniteTold: boolean;
}

/** An accumulator at rest: JSON, whatever numbers it holds. */
export type AccumulatorSnapshot = JsonValue;

interface SnapshotContent {
  readonly schema: 1;
  readonly run: RunInfo;
  readonly state: AccumulatorState;
}

export function writeSnapshot(run: RunInfo, state: AccumulatorState): AccumulatorSnapshot {
  // A round trip through text, so that nothing of the snapshot is shared with what goes on.
  return JSON.parse(JSON.stringify(encodeJson({ schema: 1, run, state } satisfies SnapshotContent)));
}

/** Reads a snapshot. Throws a `TypeError` where it is none, or was taken under another policy or plan. */
export function readSnapshot(
  snapshot: AccumulatorSnapshot,
  policy: PolicyInfo,
  plan: ResolvedPlan,
): { run: RunInfo; state: AccumulatorState } {
  let content: SnapshotContent;
  try {
    content = decodeJson(snapshot) as SnapshotContent;
  } catch (cause) {
    throw new TypeError(`snapshot is not one of an accumulator: ${show(snapshot).slice(0, 200)}`, { cause });
  }
  if (content?.schema !== 1 || !isObject(content.run) || !isState(content.state)) {
    throw new TypeError(`snapshot is not one of an accumulator (schema 1): ${show(snapshot).slice(0, 200)}`);
  }
  assertSame('policy', content.run.policy, policy);
  assertSame('plan', content.run.plan, plan);
  return content;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isState(state: AccumulatorState): boolean {
  if (!isObject(state) || !['new', 'running', 'ended'].includes(state.phase)) return false;
  const parts = [state.epoch, state.window, state.targets, state.smooth, state.window?.microBatches];
  const counts = [
    state.microStep,
    state.step,
    state.samples,
    state.time,
    state.epoch?.completed,
    state.window?.samples,
  ];
  return parts.every(isObject) && counts.every(Number.isFinite);
}

function assertSame(what: string, before: object, now: object): void {
  const text = (value: object) => JSON.stringify(encodeJson(value), sortedKeys);
  if (text(before) !== text(now)) {
    throw new TypeError(`snapshot: its ${what} is ${text(before)}, but the ${what} given is ${text(now)}`);
  }
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
