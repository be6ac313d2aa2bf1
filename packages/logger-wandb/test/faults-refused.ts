import { expect } from 'vitest';
import { type FaultCase, PARTS, ROWS, type Stage } from './faults-trial.js';

const HALF = ROWS / 2;

/** The server takes half of the rows, and then no post any more. */
function refusing(status: number) {
  return async ({ server, part, closed, serverHas, program, noticed }: Stage): Promise<void> => {
    await part();
    await part();
    await serverHas(closed(HALF));
    server.fault = ({ kind }) => (kind === 'file_stream' ? { status } : undefined);
    await program.nextPart();
    await noticed(status === 401 ? 'upload-unauthorized' : 'upload-refused');
    await program.nextPart();
  };
}

/** The user is told what to do, before anything is logged. */
const refusedAtOnce =
  (advice: RegExp) =>
  async ({ program, noticed }: Stage) => {
    expect(await noticed('upload-unauthorized')).toMatch(advice);
    for (let part = 0; part < PARTS; part++) await program.nextPart();
  };

const UNAUTHORIZED = { notices: ['upload-unauthorized'], left: 'a fragment' } as const;
const REFUSED = { notices: ['upload-refused'], left: 'a fragment' } as const;
const WRONG_KEY: Omit<FaultCase, 'api'> = {
  fault: '401 from the start: a wrong key',
  serverKey: 'w'.repeat(40),
  during: refusedAtOnce(/WANDB_API_KEY.*wandb login.*everything is on disk/),
  firstRows: 0,
  ...UNAUTHORIZED,
};

/** The server says no: nothing is tried again before someone has mended what is wrong. */
export const REFUSALS: readonly FaultCase[] = [
  WRONG_KEY,
  { ...WRONG_KEY, api: 'wandb' },
  {
    fault: '403 from the start: not a member',
    before(server) {
      server.fault = () => ({ status: 403 });
    },
    during: refusedAtOnce(/entity and project.*everything is on disk/),
    firstRows: 0,
    ...UNAUTHORIZED,
  },
  { fault: '401 in mid-run: the key is revoked', during: refusing(401), firstRows: HALF, ...UNAUTHORIZED },
  { fault: '400 in mid-run', during: refusing(400), firstRows: HALF, ...REFUSED },
  { fault: '413 in mid-run', during: refusing(413), firstRows: HALF, ...REFUSED },
  // The last row is open.
  { fault: '413 in mid-run', api: 'wandb', during: refusing(413), firstRows: HALF - 1, ...REFUSED },
];
