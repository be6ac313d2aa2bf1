/** How an event folder's tags are named: all in one run, or training and validation in two runs with the same tags. */
export type TagLayout = 'single' | 'split';

/** Where a tag of a layout is: the folder below the run's own, '' for that itself, and its name there. */
export function route(tag: string, layout: TagLayout): { readonly folder: string; readonly tag: string } {
  if (layout === 'single') return { folder: '', tag };
  const [, prefix, rest] = /^(train|valid)\/(.+)$/s.exec(tag) ?? [];
  return { folder: prefix === 'valid' ? 'validation' : 'train', tag: rest ?? tag };
}
