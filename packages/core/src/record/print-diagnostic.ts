import type { DiagnosticEvent } from '../logger/train-event.js';

interface Console {
  readonly process?: { readonly stderr?: { write(text: string): void } };
  readonly console: { warn(text: string): void };
}

/** One line on stderr, or in the browser's console. */
export function printDiagnostic({ level, code, message }: DiagnosticEvent): void {
  const text = `microbatch ${level}: ${message} (${code})`;
  const { process, console } = globalThis as unknown as Console;
  if (process?.stderr === undefined) console.warn(text);
  else process.stderr.write(`${text}\n`);
}
