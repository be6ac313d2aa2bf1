import type { RunAnswer } from '../src/view/protocol.js';
import { h } from './dom.js';

/** How a run is doing. */
export type RunState = 'finished' | 'failed' | 'stopped' | 'running' | 'silent' | 'reading';

/** Files that nobody has written to for so long are taken for those of a process that was killed. */
const SILENT_MS = 60_000;

const WORDS: Readonly<Record<RunState, readonly [sign: string, text: string]>> = {
  finished: ['✓', 'finished'],
  failed: ['✕', 'failed'],
  stopped: ['■', 'stopped'],
  running: ['●', 'running'],
  silent: ['○', 'no end logged'],
  reading: ['…', 'being read'],
};

/** A run without an end counts as running while its files have changed within `SILENT_MS`; `now` in ms since 1970. */
export function stateOf({ outcome, modifiedAt, progress }: RunAnswer, now = Date.now()): RunState {
  if (progress < 1) return 'reading';
  if (outcome !== undefined) return outcome;
  return now - modifiedAt < SILENT_MS ? 'running' : 'silent';
}

export function stateText(run: RunAnswer): string {
  return WORDS[stateOf(run)][1];
}

/** A sign for the state, and its word for those who hear the page. */
export function stateSign(run: RunAnswer): HTMLElement {
  const state = stateOf(run);
  const [sign, text] = WORDS[state];
  return h(
    'span',
    { className: `state ${state}`, title: text },
    h('span', { attrs: { 'aria-hidden': true } }, sign),
    h('span', { className: 'heard' }, text),
  );
}
