import { describe, expect, it } from 'vitest';
import { NETWORK_FAULTS } from './faults-network.js';
import { faultsPage, type Played } from './faults-page.js';
import { PROCESS_FAULTS } from './faults-process.js';
import { REFUSALS } from './faults-refused.js';
import { type FaultCase, type Outcome, play, ROWS } from './faults-trial.js';

const SECTIONS: Readonly<Record<string, readonly FaultCase[]>> = {
  'The server, or the way to it': NETWORK_FAULTS,
  'The server refuses': REFUSALS,
  'The program, its uploader, the disk': PROCESS_FAULTS,
};

const played: Record<string, Played[]> = {};

/** What else there is to tell depends on chance: that something is tried again, or what a failed write brings with it. */
const CONSEQUENCES = ['upload-retrying', 'not-logged', 'log-damaged', 'exit-failed'];

/** What the program was told of, once a code. */
function codesOf({ events }: Outcome): string[] {
  const codes = events.flatMap(({ notice, error }) => [notice, error]).flatMap((told) => (told ? [told.code] : []));
  return [...new Set(codes)].filter((code) => !CONSEQUENCES.includes(code));
}

// Signals and limits of files are others there.
describe.skipIf(process.platform === 'win32')('a run of 10,000 rows is on the server, each row once', () => {
  describe.each(Object.entries(SECTIONS))('%s', (heading, cases) => {
    it.each(cases.map((one) => [one.fault, one.api ?? 'startRun', one] as const))('%s, by %s()', async (_, __, one) => {
      const outcome = await play(one);
      played[heading] = [...(played[heading] ?? []), { one, outcome }];
      const { before, after, left, onDisk, run } = outcome;
      const whole = { doubled: 0, wrong: 0, anomalies: [] };
      expect(left.what).toBe(one.left);
      expect(after).toEqual({ ...whole, rows: onDisk, exitCodes: [one.exitCode ?? 0] });
      expect(before).toMatchObject(whole);
      if (one.expected === undefined) expect(onDisk).toBe(ROWS);
      else expect(onDisk).toBeGreaterThanOrEqual(one.expected.atLeast);
      if (one.firstRows !== undefined) expect(before.rows).toBe(one.firstRows);
      if (left.what === 'nothing') expect(before).toEqual(after);
      if (left.what === 'a fragment') expect(outcome.stderr).toContain(`wandb sync ${left.folder}`);
      expect(codesOf(outcome)).toEqual(one.notices ?? []);
      expect([...run.files.keys()]).toEqual(expect.arrayContaining(['wandb-metadata.json', 'config.yaml']));
    });
  });

  it('docs/wandb-faults.md says what these tests find', async () => {
    expect(Object.values(played).flat().length).toBe(Object.values(SECTIONS).flat().length);
    await expect(faultsPage(played)).toMatchFileSnapshot('../../../docs/wandb-faults.md');
  });
});
