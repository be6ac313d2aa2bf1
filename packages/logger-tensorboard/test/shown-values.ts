import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents, type SummaryValue } from 'tensorboard-writer';

/** A value as a run's folder holds it. */
export type ShownValue = SummaryValue & { readonly step: number | bigint; readonly wallTime: number };

/** All values of the event files in a folder, in the order of the files. */
export async function shownValues(folder: string): Promise<ShownValue[]> {
  const shown: ShownValue[] = [];
  const files = readdirSync(folder).filter((name) => name.includes('tfevents'));
  for (const name of files.sort()) {
    for await (const event of readEvents(join(folder, name))) {
      if (event.kind !== 'summary') continue;
      for (const value of event.values) shown.push({ ...value, step: event.step, wallTime: event.wallTime });
    }
  }
  return shown;
}
