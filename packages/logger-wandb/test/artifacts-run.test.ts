import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type ActiveRun, readWandbLog, readWandbRun, type StartRunOptions, startRun } from '../src/index.js';
import { emptyFolder, logPath, runFolders } from './folders.js';

/** A run, and a folder with a file. */
async function started(options: StartRunOptions = {}): Promise<{ run: ActiveRun; model: string }> {
  const dir = emptyFolder();
  const model = join(dir, 'model.bin');
  writeFileSync(model, 'model bytes');
  return { run: await startRun({ dir, mode: 'offline', quiet: true, ...options }), model };
}

/** The copies that the log's artifacts name. */
function copiesOf(run: ActiveRun): string[] {
  const { records } = readWandbLog(logPath(run.path));
  const manifests = records.flatMap(({ type, content }) => (type === 'artifact' ? [content.manifest] : []));
  return manifests.flatMap((manifest) =>
    (manifest as { contents: { localPath: string }[] }).contents.map(({ localPath }) => localPath),
  );
}

test('an artifact is in the log, and what it held in the folder, when the call is over', async () => {
  const { run, model } = await started({ entity: 'team', project: 'demo', id: 'r1' });
  const logged = await run.logArtifact(model, { type: 'model', aliases: ['best'], metadata: { acc: 0.5 } });
  writeFileSync(model, 'other bytes');
  run.flush();
  const [artifact, ...others] = readWandbRun(run.path).artifacts;
  expect(artifact).toEqual({
    name: 'run-r1-model.bin',
    type: 'model',
    description: '',
    metadata: { acc: 0.5 },
    aliases: ['best', 'latest'],
    tags: [],
    digest: logged!.digest,
    files: [{ path: 'model.bin', digest: 'z8puJrbCqelJlGRMaE3+4A==', size: 11 }],
  });
  expect(logged).toEqual({ name: artifact!.name, digest: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(others).toEqual([]);
  const [copy] = copiesOf(run);
  expect(isAbsolute(copy!)).toBe(true);
  expect(relative(run.path, copy!)).toMatch(/^artifacts/);
  expect(readFileSync(copy!, 'utf8')).toBe('model bytes');
  await run.finish();
});

test('a relative dir gives absolute paths, as another program reads them', async () => {
  const { run, model } = await started({ dir: relative('.', emptyFolder()) });
  await run.logArtifact(model);
  await run.finish();
  expect(copiesOf(run).every((path) => isAbsolute(path) && existsSync(path))).toBe(true);
});

test('artifacts of the same file have copies of their own, in the order of the calls', async () => {
  const { run, model } = await started();
  const large = join(dirname(model), 'large');
  writeFileSync(large, Buffer.alloc(8 << 20, 1));
  const sources = { large: { a: large, b: model }, small: { b: model } };
  await Promise.all(Object.entries(sources).map(([name, source]) => run.logArtifact(source, { name })));
  await run.finish();
  expect(readWandbRun(run.path).artifacts.map(({ name }) => name)).toEqual(['large', 'small']);
  // The official client deletes the copies of an artifact when it is uploaded.
  const [, first, second] = copiesOf(run);
  rmSync(first!);
  expect(readFileSync(second!, 'utf8')).toBe('model bytes');
});

test('finish waits for an artifact that nobody waited for', async () => {
  const { run, model } = await started();
  const logged = run.logArtifact(model, { name: 'late' });
  await run.finish();
  expect(await logged).toMatchObject({ name: 'late' });
  expect(readWandbRun(run.path)).toMatchObject({ artifacts: [{ name: 'late' }], exit: { exitCode: 0 } });
  await expect(run.logArtifact(model)).rejects.toMatchObject({ code: 'not-open' });
});

test('what can’t be copied leaves nothing, and the run goes on', async () => {
  const { run, model } = await started();
  const gone = { a: model, b: `${model}.gone` };
  await expect(run.logArtifact(gone)).rejects.toMatchObject({ code: 'file-not-found' });
  expect(readdirSync(run.path)).not.toContain('artifacts');
  writeFileSync(join(run.path, 'artifacts'), 'no folder');
  await expect(run.logArtifact(model)).rejects.toMatchObject({ code: 'artifact-failed', cause: { code: 'ENOTDIR' } });
  rmSync(join(run.path, 'artifacts'));
  await run.logArtifact(model);
  run.log({ loss: 1 });
  await run.finish();
  expect(readWandbRun(run.path)).toMatchObject({ artifacts: { length: 1 }, history: [{ loss: 1 }] });
});

test.each([undefined, null, '', 5, ['a']])('refuses %j for a source', async (source) => {
  const { run } = await started();
  await expect(run.logArtifact(source as never)).rejects.toThrow(/artifact is made of a path, or .* not of/);
  await run.finish();
});

test('refuses an option that it does not know, by name', async () => {
  const { run, model } = await started();
  await expect(run.logArtifact(model, { alias: 'best' } as never)).rejects.toThrow(/logArtifact: unknown option alias/);
  await run.finish();
});

test('a disabled run keeps nothing, but refuses what is wrong', async () => {
  const { run, model } = await started({ mode: 'disabled' });
  expect(await run.logArtifact(model)).toBeUndefined();
  await expect(run.logArtifact(model, { name: 'a/b' })).rejects.toThrow(/a\/b/);
  expect(readdirSync(dirname(model))).toEqual(['model.bin']);
  await run.finish();
});

const SCRIPT = fileURLToPath(new URL('./children/log-artifact.mjs', import.meta.url));

/** Runs `children/log-artifact.mjs`; returns what it printed and its only run. */
async function logInChild(way: 'exit' | 'full', limit: string): Promise<{ printed: string; folder: string }> {
  const dir = emptyFolder();
  writeFileSync(join(dir, 'model.bin'), Buffer.alloc(64 << 10, 1));
  const others = Object.entries(process.env).filter(([name]) => !/^(WANDB_|NODE_|VITEST)/.test(name));
  const args = ['-c', `${limit} exec "$0" "$1" "$2" "$3"`, process.execPath, SCRIPT, dir, way];
  const child = promisify(execFile)('bash', args, { env: Object.fromEntries(others) });
  const { stdout } = await child.catch((error: { stdout: string }) => error);
  return { printed: stdout, folder: runFolders(dir)[0]! };
}

test.skipIf(process.platform === 'win32')('a process that ends meanwhile says what it does not log', async () => {
  const { printed, folder } = await logInChild('exit', '');
  expect(printed).toMatch(/^artifact-not-logged: .* 1 of them/);
  const { artifacts, history, exit } = readWandbRun(folder);
  expect([artifacts, history.length, exit?.exitCode]).toEqual([[], 1, 3]);
});

test.skipIf(process.platform === 'win32')(
  'a run whose disk is full logs no artifact either, and tells it once',
  async () => {
    const { printed, folder } = await logInChild('full', `trap '' XFSZ; ulimit -f 128;`);
    expect(printed).toMatch(/^write-failed: [^\n]*EFBIG[^\n]*\nlogged: undefined\nfinished: write-failed\n$/);
    expect(readdirSync(folder)).not.toContain('artifacts');
  },
);
