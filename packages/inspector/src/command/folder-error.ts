import { CommandError } from './exit-codes.js';
import { printable } from './printable.js';

/** What to tell the user where `error` is the file system's and says that `dir` is no folder to be read; else undefined. */
export function folderError(error: unknown, dir: string): CommandError | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const shown = printable(JSON.stringify(dir));
  if (code === 'ENOENT') return new CommandError(`there is no folder ${shown}`);
  if (code === 'ENOTDIR') return new CommandError(`${shown} is no folder`);
  if (code === 'EACCES' || code === 'EPERM') return new CommandError(`${shown} may not be read (${code})`);
  return undefined;
}
