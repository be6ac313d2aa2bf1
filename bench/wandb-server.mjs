import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../test/interop/fake-wandb-server/fake_wandb_server.py', import.meta.url));

/** A stand-in for a W&B server on this machine, in a process of its own that `python` runs. */
export async function startServer(python) {
  const child = spawn(python, [SCRIPT, '--no-bodies'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  const [piece] = await once(child.stderr.setEncoding('utf8'), 'data');
  const { url } = JSON.parse(piece);
  child.stderr.resume();
  const ask = async (path, options) => (await fetch(`${url}/__fake__/${path}`, options)).json();
  return {
    url,
    /** Throws unless the server has one run, complete, with `rows` rows, each once; then forgets it. */
    async assertWhole(rows) {
      const { runs } = await ask('report');
      const [{ entity, project, run, complete, exitcode, anomalies }] = runs;
      const { lines } = await ask(
        `lines?${new URLSearchParams({ entity, project, run, file: 'wandb-history.jsonl' })}`,
      );
      const isWhole =
        runs.length === 1 && complete === true && exitcode === 0 && anomalies.length === 0 && lines.length === rows;
      const wrong = lines.findIndex((line, step) => line === null || JSON.parse(line)._step !== step);
      if (!isWhole || wrong !== -1) {
        throw new Error(`the server has ${lines.length} of ${rows} rows, row ${wrong} wrong: ${JSON.stringify(runs)}`);
      }
      await ask('reset', { method: 'POST' });
    },
    async stop() {
      child.kill();
      await closed;
    },
  };
}
