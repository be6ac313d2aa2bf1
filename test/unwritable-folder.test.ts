import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accumulate, gradientAccumulation, type Logger, memory, record } from '@microbatch/core';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { from } from 'rxjs';
import { afterAll, describe, expect, it } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'microbatch-unwritable-'));
const file = join(scratch, 'file');
writeFileSync(file, 'in the way');
afterAll(() => rmSync(scratch, { recursive: true }));

const loggers: Record<string, (folder: string) => Logger> = {
  'tensorboard: logDir': (logDir) => tensorboard({ logDir }),
  'wandb: dir': (dir) => wandb({ dir, quiet: true }),
  'journal: dir': (dir) => journal({ dir }),
};
// The last is a file system that refuses with ENOENT below a folder that is there.
const folders = [file, join(file, 'below'), ...(existsSync('/proc/self') ? ['/proc/no-such-process/below'] : [])];

describe.each(Object.entries(loggers))('%s', (name, make) => {
  it.each(folders)('that is %s costs this logger alone, by name and value', async (folder) => {
    const beside = memory();
    const source = from([1, 2].map((loss) => ({ loss, samples: 8 })));
    const events$ = source.pipe(accumulate(gradientAccumulation({ accumBatchSize: 8 }), { microBatchSize: 8 }));
    const [receipt] = await record(events$, [make(folder), beside], { onDiagnostic: () => {} });
    expect(receipt!.errors).toMatchObject([{ code: 'open-failed' }]);
    expect(receipt!.errors[0]!.message).toContain(name.split(' ')[1]);
    expect(receipt!.errors[0]!.message).toContain(folder);
    expect(receipt!.written).toBe(0);
    expect(beside.events.at(-1)!.type).toBe('run-end');
    expect(readFileSync(file, 'utf8')).toBe('in the way');
  });
});
