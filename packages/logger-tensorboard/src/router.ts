import type { Target } from './point-buffer.js';
import type { Layout } from './tensorboard-options.js';

const FOLDERS = { train: 'train', valid: 'validation' } as const;

/** The folder that each layout has from the start. */
export const FIRST_FOLDER: Readonly<Record<Layout, string>> = { single: '', split: FOLDERS.train };

/** Says where each tag of a layout belongs. In `'split'`, a tag of neither prefix stays whole, beside training. */
export function createRouter(layout: Layout): (tag: string) => Target {
  const targets = new Map<string, Target>();
  return (tag) => {
    let target = targets.get(tag);
    if (target === undefined) {
      target = layout === 'single' ? { id: tag, folder: '', tag, kind: undefined } : splitTarget(tag);
      targets.set(tag, target);
    }
    return target;
  };
}

function splitTarget(name: string): Target {
  const [, prefix, rest] = /^(train|valid)\/(.+)$/s.exec(name) ?? [];
  const folder = FOLDERS[(prefix ?? 'train') as keyof typeof FOLDERS];
  const tag = rest ?? name;
  return { id: `${folder}/${tag}`, folder, tag, kind: undefined };
}
