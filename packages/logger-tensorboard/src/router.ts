import type { Target } from './point-buffer.js';
import type { Layout } from './tensorboard-options.js';

const FOLDERS = { train: 'train', valid: 'validation' } as const;

/** The folder that each layout has from the start. */
export const FIRST_FOLDER: Readonly<Record<Layout, string>> = { single: '', split: FOLDERS.train };

/** The folders that a layout may have, the first of them from the start. */
export const ALL_FOLDERS: Readonly<Record<Layout, readonly string[]>> = {
  single: [FIRST_FOLDER.single],
  split: [FIRST_FOLDER.split, FOLDERS.valid],
};

/** Where tags belong. */
export interface Router {
  targetOf(tag: string): Target;
  /** All that were asked for. */
  readonly targets: Iterable<Target>;
}

/** Says where each tag of a layout belongs. In `'split'`, a tag of neither prefix stays whole, beside training. */
export function createRouter(layout: Layout): Router {
  const targets = new Map<string, Target>();

  function targetOf(tag: string): Target {
    let target = targets.get(tag);
    if (target === undefined) {
      target = layout === 'single' ? { id: tag, name: tag, folder: '', tag, kind: undefined } : splitTarget(tag);
      targets.set(tag, target);
    }
    return target;
  }

  return {
    targetOf,
    get targets() {
      return targets.values();
    },
  };
}

function splitTarget(name: string): Target {
  const [, prefix, rest] = /^(train|valid)\/(.+)$/s.exec(name) ?? [];
  const folder = FOLDERS[(prefix ?? 'train') as keyof typeof FOLDERS];
  const tag = rest ?? name;
  return { id: `${folder}/${tag}`, name, folder, tag, kind: undefined };
}
