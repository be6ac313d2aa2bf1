import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Artifact, artifactRecord } from '../src/artifacts/artifact.js';
import type { ArtifactOptions } from '../src/artifacts/artifact-options.js';
import type { ArtifactSource } from '../src/artifacts/find-contents.js';
import { stageArtifact } from '../src/artifacts/stage-artifact.js';
import { decodeMessage, encodeMessage } from '../src/log/proto.js';
import { RECORD_SCHEMA } from '../src/log/record-schema.js';
import { emptyFolder } from './folders.js';

let dir: string;
let stagingDir: string;
const at = (path: string) => join(dir, path);

beforeEach(() => {
  dir = emptyFolder();
  stagingDir = at('run/artifacts');
  for (const [path, text] of Object.entries({
    'in/model.bin': 'model bytes',
    'in/sub/x.txt': 'x text',
    'in/empty': '',
  })) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  }
});

function stage(source: ArtifactSource, options: ArtifactOptions = {}): Promise<Artifact> {
  return stageArtifact(source, { ...options, run: { id: 'r1' }, stagingDir });
}

// The digests are those that wandb 0.31.0 wrote for the same files.
test('an artifact has the digests of the Python client', async () => {
  const files = { 'model.bin': at('in/model.bin'), 'e.txt': at('in/empty'), sub: at('in/sub') };
  const artifact = await stage(files, {
    name: 'my-model',
    type: 'model',
    aliases: ['best', 'latest'],
    tags: ['a tag'],
    metadata: { acc: 0.5, nan: Number.NaN },
  });
  expect(artifact).toMatchObject({
    runId: 'r1',
    project: 'uncategorized',
    entity: '',
    digest: '966c85cfa467cdb93630ea78b22b4d54',
    aliases: ['best', 'latest'],
    tags: ['a tag'],
    metadata: '{"acc":0.5,"nan":null}',
  });
  expect(artifact.entries.map(({ path, digest, size }) => [path, digest, size])).toEqual([
    ['e.txt', '1B2M2Y8AsgTpgAmY7PhCfg==', 0],
    ['model.bin', 'z8puJrbCqelJlGRMaE3+4A==', 11],
    ['sub/x.txt', '4t7YHoLlsDFF91sf2O5ezQ==', 6],
  ]);
  expect(artifact.clientId).toMatch(/^[a-z0-9]{128}$/);
  expect(artifact.sequenceClientId).not.toBe(artifact.clientId);
});

test('what is staged is what the files held, and nothing else stays', async () => {
  const { entries } = await stage({ a: at('in/model.bin'), b: at('in/model.bin') });
  writeFileSync(at('in/model.bin'), 'changed');
  expect(entries.map(({ localPath }) => readFileSync(localPath, 'utf8'))).toEqual(['model bytes', 'model bytes']);
  expect(readdirSync(stagingDir)).toHaveLength(1);
});

test('a file goes under its name, a folder with what is in it, and links are followed', async () => {
  const file = await stage(at('in/model.bin'));
  expect(file).toMatchObject({ name: 'run-r1-model.bin', type: 'unspecified', entries: [{ path: 'model.bin' }] });
  symlinkSync(at('in'), at('in/sub/circle'));
  symlinkSync(at('gone'), at('in/dangling'));
  symlinkSync(at('in/empty'), at('in/link'));
  const folder = await stage(at('in'), { type: 'dataset' });
  expect(folder.entries.map(({ path }) => path)).toEqual(['empty', 'link', 'model.bin', 'sub/x.txt']);
});

test('the record reads back', async () => {
  const artifact = await stage(at('in'), { name: 'größe', type: 't', description: 'd' });
  const { entries, ...about } = artifact;
  const bytes = encodeMessage(RECORD_SCHEMA, artifactRecord(artifact));
  const read = decodeMessage(RECORD_SCHEMA, bytes).artifact as Record<string, unknown>;
  const present = Object.entries(about).filter(([, value]) => value.length > 0);
  expect(read).toMatchObject({ ...Object.fromEntries(present), finalize: true, digestAlgorithm: 'MANIFEST_MD5' });
  const contents = (read.manifest as { contents: object[] }).contents.map((entry) => ({ size: 0, ...entry }));
  expect(contents).toEqual(entries);
});

test.each<[string, ArtifactOptions, RegExp]>([
  ['a name with a slash', { name: 'a/b' }, /name.*not 'a\/b'|name.*not "a\/b"/],
  ['a long name', { name: 'x'.repeat(129) }, /name must be 1 to 128/],
  ['an empty type', { type: '' }, /type/],
  ['a type with a colon', { type: 'a:b' }, /type.*a:b/],
  ['a type of W&B', { type: 'wandb-x' }, /wandb-x.*keeps for itself/],
  ['a job', { type: 'job' }, /keeps for itself/],
  ['an alias with a colon', { aliases: ['a:b'] }, /aliases.*a:b/],
  ['a tag with a sign', { tags: ['a!'] }, /tags.*a!/],
  ['metadata that is a list', { metadata: [] as never }, /metadata must be an object/],
  ['much metadata', { metadata: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, i])) }, /101 keys/],
])('refuses %s before it copies anything', async (_, options, message) => {
  const staged = stage(at('in'), options);
  await expect(staged).rejects.toThrow(TypeError);
  await expect(staged).rejects.toThrow(message);
  expect(readdirSync(dir)).toEqual(['in']);
});

test.each<[string, (dir: string) => ArtifactSource, RegExp]>([
  ['a file that is not there', (dir) => `${dir}/gone`, /nothing .* at .*gone/],
  ['a path out of the artifact', (dir) => ({ '../x': `${dir}/in/empty` }), /"\.\.\/x" is no path inside/],
  ['an absolute path', (dir) => ({ '/x': `${dir}/in/empty` }), /"\/x" is no path inside/],
  ['two files of one path', (dir) => ({ a: `${dir}/in/empty`, './a': `${dir}/in/empty` }), /two files at "a"/],
  ['no path', () => ({ a: '' }), /needs paths/],
])('refuses %s', async (_, source, message) => {
  await expect(stage(source(dir))).rejects.toThrow(message);
  expect(readdirSync(dir)).toEqual(['in']);
});
