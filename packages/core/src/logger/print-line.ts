interface Global {
  readonly console: { warn(text: string): void };
  readonly process?: { getBuiltinModule?(name: 'node:fs'): { writeSync(fd: number, text: string): void } };
}

const STDERR = 2;

/**
 * One line on stderr, or in the browser's console. Never throws, and never ends a program: a stream's write to a pipe that
 * nobody reads any more would be an error that nobody handles.
 */
export function printLine(text: string): void {
  const { process, console } = globalThis as unknown as Global;
  const fs = process?.getBuiltinModule?.('node:fs');
  if (fs === undefined) {
    console.warn(text);
    return;
  }
  try {
    fs.writeSync(STDERR, `${text}\n`);
  } catch {
    // There is nobody to tell.
  }
}
