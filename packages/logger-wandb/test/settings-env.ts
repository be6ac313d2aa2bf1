import type { RunInfo } from '@microbatch/core/logger';

/** A key that has the form of one. */
export const KEY: string = 'a1'.repeat(20);

/** A run as `record` describes it. */
export const RUN: RunInfo = {
  id: 'abc',
  name: 'mine',
  project: 'of-the-run',
  config: { lr: 1, kept: 2 },
  tags: ['a'],
  startedAt: 0,
} as unknown as RunInfo;

/** An environment without the key of whoever runs the tests. */
export function alone(variables: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { HOME: '/nowhere', USERPROFILE: '/nowhere', ...variables };
}
