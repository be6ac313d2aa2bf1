import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeHParams, type RunFollower, type StopReason } from 'tensorboard-writer';
import { type GrowingFile, growingFile } from './growing-file.js';
import type { Problem, RunFacts, RunSource } from './run-source.js';
import { createTensorboardEvents } from './tensorboard-events.js';
import { tensorboardContent } from './tensorboard-media.js';

/** A folder of event files, and what stands before its tags: the two folders of layout `'split'` are one run. */
export interface EventFolder {
  readonly path: string;
  readonly prefix: string;
}

interface Part {
  readonly file: GrowingFile;
  readonly follower: RunFollower;
  readonly prefix: string;
  /** Where the next read begins. */
  offset: number;
  isDamaged: boolean;
}

const OUTCOMES: Readonly<Record<string, RunFacts['outcome']>> = { success: 'finished', failure: 'failed' };
const DAMAGE: Partial<Record<StopReason, string>> = {
  'length-crc': 'a checksum does not match',
  'data-crc': 'a checksum does not match',
  'record-too-large': 'a record is too large to be one',
  'malformed-event': 'a record is no event',
};

/** The event files of a run, also those that come later. `nameOf` makes a path relative to the root. */
export function tensorboardSource(folders: readonly EventFolder[], nameOf: (path: string) => string): RunSource {
  const events = createTensorboardEvents();
  const followers = new Map(folders.map(({ path, prefix }) => [path, events.follower(prefix)]));
  const parts: Part[] = [];
  const known = new Set<string>();
  const problems = new Map<string, Problem>();
  const facts: RunFacts = { tags: [], config: {}, summary: {} };

  function addProblem(path: string, message: string): void {
    const name = nameOf(path);
    problems.set(path, { path: name, message: message.replaceAll(path, name) });
  }

  /** Takes up the files that are new, in the order in which TensorBoard reads them. */
  async function findFiles(): Promise<void> {
    for (const { path, prefix } of folders) {
      let names: string[] = [];
      try {
        if ((await realpath(path)) !== path) continue;
        const entries = await readdir(path, { withFileTypes: true });
        names = entries.filter((entry) => entry.isFile() && entry.name.includes('tfevents')).map(({ name }) => name);
      } catch (error) {
        addProblem(path, (error as Error).message);
      }
      for (const name of names.sort()) {
        const file = join(path, name);
        if (known.has(file)) continue;
        known.add(file);
        parts.push({ file: growingFile(file), follower: followers.get(path)!, prefix, offset: 0, isDamaged: false });
      }
    }
  }

  async function read(part: Part, index: number): Promise<void> {
    const { path } = part.file;
    try {
      events.begin(index, part.follower);
      const { reason, offset } = await part.follower.read(path, part.offset);
      part.offset = offset;
      const damage = DAMAGE[reason];
      part.isDamaged = damage !== undefined;
      if (damage === undefined) problems.delete(path);
      else addProblem(path, `byte ${offset}: ${damage}; what stands before it is shown`);
    } catch (error) {
      addProblem(path, (error as Error).message);
    }
  }

  async function readHParams(): Promise<void> {
    for (const { file, offset } of events.hparams.splice(0)) {
      const { follower, file: growing } = parts[file]!;
      const event = await follower.event(growing.path, offset);
      for (const value of event.kind === 'summary' ? event.values : []) {
        const content = 'content' in value ? value.content : undefined;
        const record = content === undefined ? undefined : decodeHParams(content);
        if (record?.kind === 'start') {
          facts.config = { ...facts.config, ...record.hparams };
          if (record.startTime > 0) facts.startedAt ??= Math.round(record.startTime * 1000);
        }
        const outcome = record?.kind === 'end' ? OUTCOMES[record.status] : undefined;
        if (outcome !== undefined) facts.outcome = outcome;
      }
    }
  }

  return {
    kind: 'tensorboard',
    paths: folders.map(({ path }) => path),
    facts,
    clocks: events.clocks,
    series: events.series.byTag,
    media: events.media,
    windows: undefined,
    story: undefined,
    get problems() {
      return [...problems.values()];
    },
    get size() {
      return parts.reduce((sum, { file }) => sum + file.size, 0);
    },
    get bytesRead() {
      return parts.reduce((sum, { offset }) => sum + offset, 0);
    },
    get modifiedAt() {
      return parts.reduce((latest, { file }) => Math.max(latest, file.modifiedAt), 0);
    },
    async advance() {
      await findFiles();
      let result: 'same' | 'grown' = 'same';
      for (const [index, part] of parts.entries()) {
        const looked = await part.file.look();
        if (looked === 'replaced') return 'replaced';
        if (looked === 'same' || part.isDamaged) continue;
        await read(part, index);
        result = 'grown';
      }
      if (events.hparams.length > 0)
        await readHParams().catch((error: Error) => addProblem(folders[0]!.path, error.message));
      return result;
    },
    async content(tag, { place }) {
      const { file, follower, prefix } = parts[place.file]!;
      if (!(await file.isStillThere())) return undefined;
      return tensorboardContent(await follower.event(file.path, place.offset), tag.slice(prefix.length));
    },
  };
}
