import { isAbsolute, normalize, sep } from 'node:path';

/** Whether a path, taken from a folder, leads to the folder itself or to what is in it. Links are not looked at. */
export function staysInside(path: string): boolean {
  return !isAbsolute(path) && normalize(path).split(sep)[0] !== '..';
}
