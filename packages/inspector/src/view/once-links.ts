import { randomBytes } from 'node:crypto';

/** Paths that lead to the page once. */
export interface OnceLinks {
  /** A new path, without its slash. */
  make(): string;
  /** Whether the path of a request is one that was not used yet; it is from now on. */
  redeem(path: string): boolean;
}

export function createOnceLinks(): OnceLinks {
  const unused = new Set<string>();
  return {
    make() {
      const path = `open-${randomBytes(24).toString('base64url')}`;
      unused.add(`/${path}`);
      return path;
    },
    redeem: (path) => unused.delete(path),
  };
}
