import { readScalars } from 'tensorboard-writer';

/** What a run's folder shows: by tag, its points as [x, value] in the order of the file. */
export async function shownPoints(folder: string): Promise<Record<string, [x: number, value: number][]>> {
  const { series } = await readScalars(folder);
  const tags: Record<string, [number, number][]> = {};
  for (const [tag, { steps, values }] of series) tags[tag] = [...steps].map((x, i) => [x, values[i]!]);
  return tags;
}
