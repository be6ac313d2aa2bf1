// One run of ours, for a parent that `fork`ed it: `wandb-run.mjs HOW METRICS ROWS FOLDER`, HOW being 'rows' or 'calls', offline,
// or a server's address. Rows are made 1,000 at a time, outside of the time that counts.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startRun } from '@microbatch/logger-wandb';
import { rowMaker } from './wandb-rows.mjs';

const MADE_AT_ONCE = 1000;
const ROWS_PER_TURN = 10;

const [how, metrics, rows, dir] = process.argv.slice(2);
const where = how.startsWith('http') ? { mode: 'online', baseUrl: how, apiKey: 'b'.repeat(40) } : { mode: 'offline' };
// What Python's side does without, too.
const alone = { quiet: true, systemMetrics: false, captureConsole: false, saveGit: false };
const run = await startRun({ ...where, ...alone, project: 'bench', dir });
const { log } = run;

const ways = {
  rows(batch) {
    for (const row of batch) log(row);
  },
  calls(batch) {
    for (const row of batch) {
      const began = performance.now();
      log(row);
      calls[counted++] = performance.now() - began;
    }
  },
  /** Lets the event loop turn every few rows, as training does. */
  async turns(batch) {
    for (let at = 0; at < batch.length; at += ROWS_PER_TURN) {
      const [began, processor] = [performance.now(), process.cpuUsage()];
      for (let row = at; row < at + ROWS_PER_TURN && row < batch.length; row += 1) log(batch[row]);
      await nextTurn();
      longestTurnMs = Math.max(longestTurnMs, performance.now() - began);
      const { user, system } = process.cpuUsage(processor);
      busiestTurnMs = Math.max(busiestTurnMs, (user + system) / 1000);
    }
  },
};

const calls = new Float64Array(how === 'calls' ? Number(rows) : 0);
let counted = 0;
let longestTurnMs = 0;
let busiestTurnMs = 0;
const logAll = how === 'rows' || how === 'calls' ? ways[how] : ways.turns;
const makeRow = rowMaker(Number(metrics));
let spentMs = 0;
for (let made = 0; made < Number(rows); made += MADE_AT_ONCE) {
  const batch = Array.from({ length: Math.min(MADE_AT_ONCE, Number(rows) - made) }, makeRow);
  const began = performance.now();
  await logAll(batch);
  spentMs += performance.now() - began;
}
const began = performance.now();
const finished = run.finish();
const finishTurnMs = performance.now() - began;
await finished;
spentMs += performance.now() - began;

const logName = readdirSync(run.path).find((name) => name.endsWith('.wandb'));
calls.sort();
process.send({
  seconds: spentMs / 1000,
  bytes: statSync(join(run.path, logName)).size,
  ...(calls.length > 0 ? { medianMs: calls[calls.length >> 1], p99Ms: calls[Math.floor(calls.length * 0.99)] } : {}),
  longestTurnMs,
  busiestTurnMs,
  finishTurnMs,
});
process.disconnect();
