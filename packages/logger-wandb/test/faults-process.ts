import { expect } from 'vitest';
import { readWandbRun } from '../src/log/read-run.js';
import { deferred } from '../src/upload/deferred.js';
import { type FaultCase, inParts, ROWS, type Stage } from './faults-trial.js';
import { gone } from './uplink-training.js';

async function rowsOnDisk({ folder }: Stage, rows: number): Promise<void> {
  await expect.poll(() => readWandbRun(folder()).history.length, { timeout: 20_000 }).toBe(rows);
}

const signalled = (signal: NodeJS.Signals) => async (stage: Stage) => {
  await inParts(stage);
  stage.program.process.kill(signal);
};

/** Closed rows reach the disk soon, without being asked for. */
async function killedWhileIdle(stage: Stage): Promise<void> {
  await inParts(stage);
  await rowsOnDisk(stage, stage.closed(ROWS));
  stage.program.process.kill('SIGKILL');
}

/** What is promised is the row that is a second old: the one wait that this takes. */
async function killedWhileBusy(stage: Stage): Promise<void> {
  await inParts(stage);
  const loggedAt = performance.now();
  await expect.poll(() => performance.now() - loggedAt, { timeout: 20_000 }).toBeGreaterThan(1000);
  stage.program.process.kill('SIGKILL');
}

/** Resolves with a post of rows on its way, which `deliver` brings to the server, and with everything logged. */
async function withPostOnItsWay(stage: Stage): Promise<{ deliver(): void }> {
  const { server, program, part, serverHas } = stage;
  await part();
  await part();
  await serverHas(ROWS / 2);
  const [isSent, isDue] = [deferred<void>(), deferred<void>()];
  server.fault = async ({ kind, body }) => {
    if (kind !== 'file_stream' || body.length < 1000) return undefined;
    isSent.resolve();
    await isDue.promise;
    return undefined;
  };
  await program.nextPart();
  await program.nextPart();
  await rowsOnDisk(stage, ROWS);
  await isSent.promise;
  return { deliver: isDue.resolve };
}

const bothKilled = (isApplied: boolean) => async (stage: Stage) => {
  const uploader = await stage.uploader();
  const { deliver } = await withPostOnItsWay(stage);
  const kill = () => {
    // The program first: alone, it would tell that its uploader is gone.
    stage.program.process.kill('SIGKILL');
    process.kill(uploader.pid, 'SIGKILL');
  };
  if (!isApplied) return kill();
  stage.server.onApplied = () => {
    stage.server.onApplied = () => {};
    kill();
  };
  deliver();
};

async function uploaderKilled(stage: Stage): Promise<void> {
  const uploader = await stage.uploader();
  await withPostOnItsWay(stage);
  process.kill(uploader.pid, 'SIGKILL');
  await gone(uploader);
  await stage.noticed('uploader-lost');
}

/** A limit on the size of files is what a test can have instead of a full disk: 256 blocks of 1024 bytes. */
const onFullDisk: Pick<FaultCase, 'command' | 'during' | 'expected' | 'exitCode' | 'notices' | 'left'> = {
  command: ([script, job]) => [
    'bash',
    '-c',
    `trap '' XFSZ; ulimit -f 256; exec "$0" "$1" "$2"`,
    process.execPath,
    script!,
    job!,
  ],
  expected: { text: 'those that the disk took', atLeast: 1000 },
  exitCode: 1,
  notices: ['write-failed'],
  left: 'nothing',
};

/** The program or its uploader ends, however that comes, or the disk is full. */
export const PROCESS_FAULTS: readonly FaultCase[] = [
  {
    fault: 'SIGTERM',
    end: 'wait',
    during: signalled('SIGTERM'),
    programEnd: 'SIGTERM',
    exitCode: 255,
    left: 'nothing',
  },
  {
    fault: 'SIGTERM',
    api: 'wandb',
    end: 'wait',
    during: signalled('SIGTERM'),
    programEnd: 'SIGTERM',
    exitCode: 255,
    left: 'nothing',
  },
  { fault: 'SIGINT', end: 'wait', during: signalled('SIGINT'), programEnd: 'SIGINT', exitCode: 255, left: 'nothing' },
  { fault: 'uncaught exception', end: 'throw', programEnd: 1, exitCode: 1, left: 'nothing' },
  { fault: 'uncaught exception', api: 'wandb', end: 'throw', programEnd: 1, exitCode: 1, left: 'nothing' },
  { fault: 'unhandled rejection', end: 'reject', programEnd: 1, exitCode: 1, left: 'nothing' },
  { fault: '`process.exit(3)`', end: 'exit', programEnd: 3, exitCode: 3, left: 'nothing' },
  { fault: '`process.exit(3)`', api: 'wandb', end: 'exit', programEnd: 3, exitCode: 3, left: 'nothing' },
  { fault: 'the program ends without `finish()`', end: 'return', left: 'nothing' },
  {
    fault: 'SIGKILL of the program',
    end: 'wait',
    during: killedWhileIdle,
    programEnd: 'SIGKILL',
    exitCode: 1,
    left: 'nothing',
  },
  {
    fault: 'SIGKILL of the program',
    api: 'wandb',
    end: 'wait',
    during: killedWhileIdle,
    programEnd: 'SIGKILL',
    exitCode: 1,
    expected: { text: '9,999 (the row that was open is lost)', atLeast: ROWS - 1 },
    left: 'nothing',
  },
  {
    fault: 'SIGKILL of the program, in a loop that never yields and goes on logging',
    end: 'never yield',
    during: killedWhileBusy,
    programEnd: 'SIGKILL',
    exitCode: 1,
    expected: { text: 'every row that was on the disk, each older than 1 s among them', atLeast: ROWS },
    left: 'nothing',
  },
  {
    fault: 'SIGKILL of program and uploader, a post on its way is lost',
    end: 'wait',
    during: bothKilled(false),
    programEnd: 'SIGKILL',
    exitCode: 1,
    firstRows: ROWS / 2,
    left: 'the run',
  },
  {
    fault: 'SIGKILL of program and uploader, a post on its way arrives',
    end: 'wait',
    during: bothKilled(true),
    programEnd: 'SIGKILL',
    exitCode: 1,
    left: 'the run',
  },
  {
    fault: 'SIGKILL of the uploader alone',
    during: uploaderKilled,
    firstRows: ROWS / 2,
    notices: ['uploader-lost'],
    left: 'the run',
  },
  { fault: 'the disk is full', ...onFullDisk },
  { fault: 'the disk is full', api: 'wandb', ...onFullDisk },
  {
    fault: 'the disk is full, and no `finish()`',
    end: 'return',
    notices: ['write-failed', 'exit-failed'],
    ...onFullDisk,
  },
];
