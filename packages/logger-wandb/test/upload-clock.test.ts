import { expect, it, vi } from 'vitest';
import { systemTimers } from '../src/upload/timers.js';
import { upload } from './upload-client.js';
import { exit, rows, writeLog } from './upload-log.js';
import { KEY, uploadServer } from './upload-server.js';

/** How far the computer's date has been set back; also what modules take hold of when they are loaded goes by it. */
const clock = vi.hoisted(() => {
  const { now } = Date;
  const clock = { backMs: 0 };
  Date.now = () => now() - clock.backMs;
  return clock;
});

it('an upload ends also where the date is set back meanwhile', async () => {
  const server = await uploadServer(KEY);
  server.onApplied = ({ kind }) => {
    if (kind === 'file_stream') clock.backMs += 3_600_000;
  };
  const result = await upload(server, writeLog([...rows(40), exit()]), { timers: systemTimers, maxPostSize: 400 });
  expect(result).toMatchObject({ outcome: 'complete', acknowledged: { history: 40 } });
});
