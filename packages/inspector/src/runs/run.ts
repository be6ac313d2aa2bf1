import { basename } from 'node:path';
import type { RunFiles } from './join-sources.js';
import type { Problem, RunFacts, RunSource, SourceKind } from './run-source.js';
import type { Series } from './series.js';

/** A run, put together from all that wrote of it. */
export interface Run {
  /** A small number that stays the run's as long as the store lives. */
  readonly key: number;
  readonly files: RunFiles;
  /** Relative to the root; what a run without a name is called. */
  readonly path: string;
  /** The best first: the journal before W&B's log before event files. */
  readonly sources: readonly RunSource[];
  /** What its sources say together, the best first. */
  readonly facts: RunFacts;
  readonly problems: readonly Problem[];
  /** In ms since 1970. */
  readonly modifiedAt: number;
  /** Whether all that is to be read without being asked for was read once. */
  readonly isLoaded: boolean;
}

/** What two sources say of one run. */
export function joinFacts(sources: readonly RunSource[]): RunFacts {
  const joined: RunFacts = { tags: [], config: {}, summary: {} };
  for (const { facts } of sources.toReversed()) {
    Object.assign(joined, facts, {
      tags: facts.tags.length > 0 ? facts.tags : joined.tags,
      config: Object.keys(facts.config).length > 0 ? facts.config : joined.config,
      summary: Object.keys(facts.summary).length > 0 ? facts.summary : joined.summary,
    });
  }
  return joined;
}

/** The scalars of a run by tag, each from the best source that has it. */
export function seriesOf(run: Run): ReadonlyMap<string, { readonly series: Series; readonly source: RunSource }> {
  const found = new Map<string, { series: Series; source: RunSource }>();
  for (const source of run.sources) {
    for (const [tag, series] of source.series) if (!found.has(tag)) found.set(tag, { series, source });
  }
  return found;
}

/** What one kind of file holds of a run, where there is one. */
export function sourceOf(run: Run, kind: SourceKind): RunSource | undefined {
  return run.sources.find((source) => source.kind === kind);
}

/** What a run is called: by itself, or by the folder that it lies in. */
export function nameOf({ facts: { name, id }, path }: Run, root: string): string {
  return name ?? id ?? (path === '.' ? basename(root) : path);
}
