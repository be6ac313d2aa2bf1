import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

/** Records a run that has no end yet, then does `ending`; prints what the sink is told. */
function program(ending: string): string {
  return `
    import { writeSync } from 'node:fs';
    import { Subject } from 'rxjs';
    import { accumulate, defineLogger, gradientAccumulation, memory, record } from '@microbatch/core';
    const say = (text) => writeSync(1, text + '\\n');
    const supports = { scalars: true, histograms: false, images: false, text: false, tables: false };
    const sink = { name: 'said', supports, open() {}, write() {}, flush() { flushes += 1; }, close: (outcome) => say('close ' + outcome),
      exitSync: (outcome) => say('exitSync ' + outcome) };
    let flushes = 0;
    const source = new Subject();
    const policy = gradientAccumulation({ accumBatchSize: 8 });
    const done = record(source.pipe(accumulate(policy, { microBatchSize: 8 })), [defineLogger(sink), memory()]);
    source.next({ loss: 1, samples: 8 });
    ${ending}
  `;
}

async function run(ending: string, signal?: NodeJS.Signals) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(ending)], { cwd: import.meta.dirname });
  if (signal !== undefined) child.stdout.once('data', () => child.kill(signal));
  const [said, errors, [code, killedBy]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { said: said.trim().split('\n'), errors, code, killedBy };
}

const waiting = "say('waiting'); setInterval(() => {}, 1000);";

describe('a process that goes', () => {
  it.each([
    ['process.exit(0)', 'exitSync stopped', 0],
    ['process.exit(3)', 'exitSync failed', 3],
    ["throw new Error('boom')", 'exitSync failed', 1],
    ["Promise.reject(new Error('boom'))", 'exitSync failed', 1],
    ['', 'exitSync stopped', 0],
  ])('by %j gives the sink a last word, once, and ends as it would have', async (ending, word, code) => {
    expect(await run(ending)).toMatchObject({ said: [word], code, killedBy: null });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'by %s gives the sink a last word and dies of it',
    async (signal) => {
      expect(await run(waiting, signal)).toMatchObject({
        said: ['waiting', 'exitSync stopped'],
        code: null,
        killedBy: signal,
      });
    },
  );

  it("leaves a signal to the user's listener", async () => {
    const ending = `process.once('SIGINT', () => { source.complete(); done.then(() => process.exit(130)); }); ${waiting}`;
    expect(await run(ending, 'SIGINT')).toMatchObject({ said: ['waiting', 'close finished'], code: 130 });
  });

  it('goes by a signal that another polite listener waits to be alone with, its events written', async () => {
    // As signal-exit, which many packages use: it ends the process only if nobody but it listens.
    const ending = `
      process.on('SIGINT', function polite() {
        if (process.listeners('SIGINT').length > 1) return;
        say('flushes ' + flushes);
        process.off('SIGINT', polite);
        process.kill(process.pid, 'SIGINT');
      });
      ${waiting}`;
    expect(await run(ending, 'SIGINT')).toMatchObject({ said: ['waiting', 'flushes 1'], killedBy: 'SIGINT' });
  });

  it('still hears a second signal after a first that the user handled', async () => {
    const ending = `
      process.once('SIGINT', () => setTimeout(() => process.kill(process.pid, 'SIGINT')));
      ${waiting}`;
    expect(await run(ending, 'SIGINT')).toMatchObject({ said: ['waiting', 'exitSync stopped'], killedBy: 'SIGINT' });
  });

  it("leaves an error to the user's listener", async () => {
    const ending = `
      process.once('uncaughtException', () => { source.complete(); });
      await new Promise((resolve) => setImmediate(resolve)); setImmediate(() => { throw new Error('caught') });`;
    expect(await run(ending)).toMatchObject({ said: ['close finished'], code: 0 });
  });

  it("is not kept by a listener that only throws again, as the wasm backend's loader adds", async () => {
    const { said, code } = await run(`
      const tf = await import('@tensorflow/tfjs');
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      const { dirname, sep } = await import('node:path');
      const { createRequire } = await import('node:module');
      setWasmPaths(dirname(createRequire(process.cwd() + sep).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
      tf.enableProdMode();
      await tf.setBackend('wasm');
      setImmediate(() => { throw new Error('boom'); });`);
    expect(said.at(-1)).toBe('exitSync failed');
    expect(code).not.toBe(0);
  });

  it('says on stderr what a sink throws at its last word', async () => {
    const ending = `sink.exitSync = () => { throw new Error('disk gone'); }; process.exit(0);`;
    const { errors, code } = await run(ending);
    expect(errors).toContain('logger said: exit failed: disk gone');
    expect(code).toBe(0);
  });

  it('has nothing to say after the run was closed, and no listener of ours', async () => {
    const ending = `source.complete(); await done;
      say(['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtExceptionMonitor'].map((event) => process.listenerCount(event)).join());`;
    expect(await run(ending)).toMatchObject({ said: ['close finished', '0,0,0,0'], code: 0 });
  });
});
