import { dirname, relative } from 'node:path';
import type { NamingScheme, StepAxis } from '@microbatch/core/logger';
import type { EventIndex } from './event-index.js';
import { expectedNames, NAMING_SCHEMES } from './expected-names.js';
import { STEP_AXES } from './step-axes.js';
import type { EventFileHead } from './tensorboard/peek-event-file.js';
import type { TagLayout } from './tensorboard/route.js';
import type { WandbTarget } from './wandb/load-wandb.js';

/** What a file may belong to: a journal, or a W&B log where there is no journal. */
export interface Candidate {
  readonly path: string;
  readonly runId: string;
  readonly index: EventIndex;
  /** How many files of a place it has already: of each place, a part of a run has most often one. */
  readonly taken: Map<string, number>;
}

/** How well a file fits a run, and on which clock. */
export interface Fit<T extends Candidate> {
  readonly candidate: T;
  readonly axis: StepAxis;
}

/** A point of a file: its x, counted from 1, and when it was written, in ms since 1970. */
export interface Sample {
  readonly x: number;
  readonly timeMs: number;
}

/** More would not make it surer. */
const MOST_SAMPLES = 200;
/** A run beside it that has few times in common with a file is another run. */
const LEAST_SHARE = 0.5;

/**
 * The run that a file shows: the one most of whose points' times and steps it has. Where no times agree, because somebody has
 * changed them, the one that is nearest on the disk and has the steps. Of two that fit alike, as the parts of a resumed run may, the
 * one that has fewer files of that place. Undefined where none fits.
 */
export function fitOf<T extends Candidate>(
  file: { readonly path: string; readonly place: string; readonly runId?: string; readonly samples: readonly Sample[] },
  candidates: readonly T[],
): Fit<T> | undefined {
  const samples = thinned(file.samples);
  const fits = candidates.flatMap((candidate) =>
    STEP_AXES.map((axis) => {
      const { index } = candidate;
      const share = (isHit: (sample: Sample) => boolean) => samples.filter(isHit).length / Math.max(1, samples.length);
      return {
        candidate,
        axis,
        byTime: share(({ x, timeMs }) => index.has(axis, x, timeMs)),
        byX: share(({ x }) => index.hasX(axis, x)),
        distance: distanceOf(file.path, candidate.path),
        isNamed: candidate.runId === file.runId,
        taken: candidate.taken.get(file.place) ?? 0,
      };
    }),
  );
  const better = (a: (typeof fits)[number], b: (typeof fits)[number]) =>
    Math.sign(b.byTime - a.byTime) ||
    Number(b.isNamed) - Number(a.isNamed) ||
    a.distance - b.distance ||
    a.taken - b.taken ||
    Math.sign(b.byX - a.byX);
  const [best] = fits.sort(better);
  if (best === undefined) return undefined;
  const isSure = best.byTime >= LEAST_SHARE;
  const isLikely = best.byTime > 0 || best.isNamed || (best.distance <= NEAR && best.byX >= LEAST_SHARE);
  if (!isSure && !isLikely) return undefined;
  best.candidate.taken.set(file.place, best.taken + 1);
  return { candidate: best.candidate, axis: best.axis };
}

/** In folders: as far as a W&B log in a run's own folder is from that. */
const NEAR = 3;

/** Up and down from one file's folder to the other's. */
function distanceOf(a: string, b: string): number {
  const way = relative(dirname(a), dirname(b));
  return way === '' ? 0 : way.split(/[\\/]/).length;
}

function thinned(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= MOST_SAMPLES) return samples;
  const stride = samples.length / MOST_SAMPLES;
  return Array.from({ length: MOST_SAMPLES }, (_, at) => samples[Math.floor(at * stride)]!);
}

/** A log's rows, their x counted from 1 as the axes count. */
export function rowSamples({ rows, run }: WandbTarget): readonly Sample[] {
  const offset = run.run.startingStep ?? 0;
  return [...rows].map(([step, row]) => {
    // A training that began anew in a run that was there has its rows behind those.
    const isOffset =
      offset > 0 && ['micro_step', 'step', 'samples'].some((c) => row[`trainer/${c}`] === step + 1 - offset);
    return { x: step + 1 - (isOffset ? offset : 0), timeMs: Number(row._timestamp) * 1000 };
  });
}

/** A file's points, of its batches' own tags where it has some: they say most of the clock. */
export function pointSamples({ points }: EventFileHead): readonly Sample[] {
  const losses = points.filter(({ tag }) => LOSSES.includes(tag));
  return losses.length > 0 ? losses : points;
}

const LOSSES: readonly string[] = ['loss', ...NAMING_SCHEMES.map((scheme) => expectedNames(scheme).loss)];

/** The naming scheme of which a file has a loss. */
export function namesOf(has: (name: string) => boolean, layout: TagLayout = 'single'): NamingScheme {
  if (layout === 'split') return 'microbatch';
  const hasLoss = (scheme: NamingScheme) => {
    const { loss, microLoss, valid } = expectedNames(scheme);
    return has(loss) || has(microLoss) || has(valid('loss'));
  };
  return NAMING_SCHEMES.find(hasLoss) ?? 'microbatch';
}

/** The layout of an event file: in one of two runs, tags have lost the prefix that tells them apart. */
export function layoutOf({ folder, tags }: EventFileHead): TagLayout {
  const isSplit = /(?:^|[\\/])(train|validation)$/.exec(folder);
  if (isSplit === null) return 'single';
  const hasPrefix = [...tags].some((tag) => /^(train|valid)\//.test(tag) || tag === expectedNames('fastai').loss);
  return hasPrefix ? 'single' : 'split';
}
