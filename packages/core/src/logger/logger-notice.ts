import type { DiagnosticLevel } from './train-event.js';

/** What a logger tells the user of its run; `code` is stable kebab-case. */
export interface LoggerNotice {
  readonly level: DiagnosticLevel;
  readonly code: string;
  readonly message: string;
}
