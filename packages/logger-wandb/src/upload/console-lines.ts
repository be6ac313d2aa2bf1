import type { LogTimestamp } from './stream-lines.js';

/** One line of what the run printed, without its line break. */
export interface ConsoleLine {
  readonly isError: boolean;
  readonly timestamp: LogTimestamp;
  readonly content: string;
}

const MAX_LINE_CHARACTERS = 32 * 1024;

/** Joins what output_raw records hold to lines, stdout and stderr apart. */
export interface ConsoleLines {
  /** The lines that a record completes. */
  push(content: Readonly<Record<string, unknown>>): ConsoleLine[];
  /** The lines that nothing ended. */
  end(): ConsoleLine[];
}

/**
 * Lines are given once, when they are complete, so that their numbers stay. Of a line that the program rewrote by carriage
 * returns, as progress bars do, the last state remains; longer lines are cut.
 */
export function createConsoleLines(): ConsoleLines {
  const open = new Map<boolean, { text: string; timestamp: LogTimestamp }>();

  function closed(isError: boolean, { text, timestamp }: { text: string; timestamp: LogTimestamp }): ConsoleLine {
    return { isError, timestamp, content: text.replace(/\r$/, '') };
  }

  return {
    push(content) {
      const isError = (content.outputType ?? 0) === 0;
      const timestamp = (content.timestamp ?? {}) as LogTimestamp;
      const parts = ((content.line as string | undefined) ?? '').split('\n');
      const lines: ConsoleLine[] = [];
      for (const [at, part] of parts.entries()) {
        const begun = open.get(isError) ?? { text: '', timestamp };
        if (part !== '') open.set(isError, { ...begun, text: visible(begun.text + part) });
        if (at === parts.length - 1) break;
        lines.push(closed(isError, open.get(isError) ?? begun));
        open.delete(isError);
      }
      return lines;
    },
    end() {
      const lines = [...open].map(([isError, line]) => closed(isError, line));
      open.clear();
      return lines;
    },
  };
}

function visible(text: string): string {
  return text.slice(text.lastIndexOf('\r', text.length - 2) + 1).slice(0, MAX_LINE_CHARACTERS);
}

/** A line of output.log: `ERROR ` for stderr, the time in UTC with microseconds, the text. */
export function consoleLineText({ isError, timestamp: { seconds = 0, nanos = 0 }, content }: ConsoleLine): string {
  const time = new Date(seconds * 1000).toISOString().slice(0, 19);
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0');
  return `${isError ? 'ERROR ' : ''}${time}.${micros} ${content}`;
}
