import { existsSync, readdirSync } from 'node:fs';
import { join, parse, sep } from 'node:path';

const MAGIC = /[*?[]/;

/**
 * The paths that match an absolute pattern, sorted. As Python's `glob`: `*`, `?`, `[abc]` and `[!a-z]` match inside one name,
 * and a name that begins with a dot only where the pattern does. Folders that can't be read hold nothing.
 */
export function globPaths(pattern: string): string[] {
  const { root } = parse(pattern);
  const names = pattern.slice(root.length).split(sep).filter(Boolean);
  let paths = [root];
  for (const name of names) {
    if (!MAGIC.test(name)) {
      paths = paths.map((path) => join(path, name)).filter((path) => existsSync(path));
      continue;
    }
    const matcher = nameMatcher(name);
    paths = paths.flatMap((path) =>
      namesIn(path)
        .filter((entry) => matcher.test(entry) && (entry[0] !== '.' || name[0] === '.'))
        .map((entry) => join(path, entry)),
    );
  }
  return paths.sort();
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function nameMatcher(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)(\]?[^\]]*)\]|[*?]|[.+^${}()|\\[\]]/g, (token, not: string, set: string) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    if (set === undefined) return `\\${token}`;
    return `[${not === '' ? '' : '^'}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
  });
  return new RegExp(`^${source}$`, 'su');
}
