import { inspect } from 'node:util';

/** The folder of a run within the writer's: one folder, not a path, of a name that Windows takes too. */
export function subRunFolder(name: string): string {
  const folder = name.replace(/[\\/:*?"<>|\p{Cc}]|[. ]+$/gu, (part) => '_'.repeat(part.length));
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(folder) ? `_${folder}` : folder;
}

/** Refuses curves of one chart that would share a folder, also on file systems that know no case, with a `RangeError`. */
export function assertFoldersDiffer(mainTag: string, keys: readonly string[]): void {
  const owners = new Map<string, string>();
  for (const key of keys) {
    const folder = subRunFolder(`${mainTag}_${key}`).toLowerCase();
    const owner = owners.get(folder);
    if (owner !== undefined) {
      throw new RangeError(
        `keys of tagScalars must make folders that differ, not ${inspect(owner)} and ${inspect(key)}`,
      );
    }
    owners.set(folder, key);
  }
}
