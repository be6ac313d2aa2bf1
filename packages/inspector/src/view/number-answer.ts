import type { NumberAnswer } from './protocol.js';

/** JSON has no NaN and no infinities. */
export function numberAnswer(value: number): NumberAnswer {
  return Number.isFinite(value) ? value : (String(value) as NumberAnswer);
}

export function numberAnswers(values: Readonly<Record<string, number>>): Readonly<Record<string, NumberAnswer>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, numberAnswer(value)]));
}
