import { closeSync, openSync, rmSync, writeSync } from 'node:fs';

/** The file of what a run printed, written anew as its log is read. */
export interface OutputFile {
  push(line: string): void;
  /** Brings everything pushed to the file. */
  flush(): void;
  close(): void;
}

const BUFFER_CHARACTERS = 64 * 1024;

/** Creates the file with its first line; `onFailure` is told once why it is not written. */
export function createOutputFile(path: string, onFailure: (reason: string) => void): OutputFile {
  let fd: number | undefined;
  let isBroken = false;
  let lines: string[] = [];
  let size = 0;

  function flush(): void {
    if (lines.length === 0 || isBroken) return;
    try {
      fd ??= createAnew(path);
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } catch (error) {
      isBroken = true;
      onFailure((error as Error).message);
    }
    lines = [];
    size = 0;
  }

  return {
    push(line) {
      if (isBroken) return;
      lines.push(line);
      size += line.length;
      if (size >= BUFFER_CHARACTERS) flush();
    },
    flush,
    close() {
      flush();
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

/** A new file in the place of what is there: a link may lead to a file of the user's. */
function createAnew(path: string): number {
  rmSync(path, { force: true });
  return openSync(path, 'wx');
}
