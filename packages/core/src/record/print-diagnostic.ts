import { printLine } from '../logger/print-line.js';
import type { DiagnosticEvent } from '../logger/train-event.js';

/** One line on stderr, or in the browser's console. */
export function printDiagnostic({ level, code, message }: DiagnosticEvent): void {
  printLine(`microbatch ${level}: ${message} (${code})`);
}
