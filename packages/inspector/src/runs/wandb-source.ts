import { createWandbRunState, followWandbLog, type WandbLogFollower } from '@microbatch/logger-wandb';
import { type GrowingFile, growingFile } from './growing-file.js';
import type { Problem, RunFacts, RunSource } from './run-source.js';
import { wandbContent } from './wandb-media.js';
import { createWandbRows } from './wandb-rows.js';

interface Part {
  readonly file: GrowingFile;
  readonly follower: WandbLogFollower;
}

const OUTCOMES: Readonly<Record<number, RunFacts['outcome']>> = { 0: 'finished', 255: 'stopped' };

/**
 * The W&B logs of a run: one, and one more for each time that the run went on, in this order. `nameOf` makes a path relative
 * to the root.
 */
export function wandbSource(paths: readonly string[], nameOf: (path: string) => string): RunSource {
  const rows = createWandbRows();
  const state = createWandbRunState();
  const facts: RunFacts = { tags: [], config: {}, summary: {} };
  /** By path and place: a read that begins before damage meets it again. */
  const problems = new Map<string, Problem>();
  let bytesRead = 0;

  const parts: Part[] = paths.map((path, index) => ({
    file: growingFile(path),
    follower: followWandbLog(path, {
      column: rows.column,
      row(row, offset) {
        bytesRead = Math.max(bytesRead, offset);
        rows.take(row, index, offset);
      },
      record: state.apply,
      damage: ({ offset, reason }) => addProblem(path, `byte ${offset}: ${reason}; what can be read is shown`),
    }),
  }));

  function addProblem(path: string, message: string): void {
    const name = nameOf(path);
    problems.set(`${path}: ${message}`, { path: name, message: message.replaceAll(path, name) });
  }

  function tellFacts(): void {
    const { run, config, summary, exit } = state.current;
    Object.assign(facts, { config, summary, tags: run.tags });
    for (const field of ['id', 'project', 'group', 'notes', 'host'] as const) {
      if (run[field] !== '') facts[field] = run[field];
    }
    if (run.name !== '') facts.name = run.name;
    if (run.startedAt > 0) facts.startedAt = run.startedAt;
    if (exit !== undefined) facts.outcome = OUTCOMES[exit.exitCode] ?? 'failed';
  }

  return {
    kind: 'wandb',
    paths,
    facts,
    clocks: rows.clocks,
    series: rows.series.byTag,
    media: rows.media,
    windows: undefined,
    story: undefined,
    get problems() {
      return [...problems.values()];
    },
    get size() {
      return parts.reduce((sum, { file }) => sum + file.size, 0);
    },
    get bytesRead() {
      return bytesRead;
    },
    get modifiedAt() {
      return Math.max(...parts.map(({ file }) => file.modifiedAt));
    },
    async advance() {
      let result: 'same' | 'grown' = 'same';
      for (const { file, follower } of parts) {
        const looked = await file.look();
        if (looked === 'replaced') return 'replaced';
        if (looked === 'same') continue;
        try {
          await follower.read();
        } catch (error) {
          addProblem(file.path, (error as Error).message);
        }
        tellFacts();
        result = 'grown';
      }
      bytesRead = parts.reduce((sum, { file }) => sum + file.size, 0);
      return result;
    },
    async content(tag, { place }) {
      const { file, follower } = parts[place.file]!;
      if (!(await file.isStillThere())) return undefined;
      const { content } = await follower.record(place.offset);
      return wandbContent(file.path, (content.item ?? []) as readonly object[], tag);
    },
  };
}
