import { encodeJson } from '@microbatch/core/logger';
import type { CommandContext, CommonOptions } from './command-context.js';
import type { CommandIo } from './command-io.js';

/** Puts a text into a colour, where the output has colours. */
export type Paint = (text: string) => string;

/** Where a command's results go. */
export interface Output {
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
  /** A line on standard output; none where the result is JSON. */
  line(text?: string): void;
  /** The one JSON document on standard output, where JSON is wanted: values that JSON has no form for as in a journal. */
  json(value: unknown): void;
  /** The same on one line, behind what others have printed there. */
  jsonLine(value: unknown): void;
}

const CODES = { red: [31, 39], green: [32, 39], yellow: [33, 39], dim: [2, 22], bold: [1, 22] } as const;

export function createOutput({ io }: Pick<CommandContext, 'io'>, { json = false, color }: CommonOptions): Output {
  const isColored = color && hasColors(io);
  const paint =
    ([on, off]: readonly [number, number]): Paint =>
    (text) =>
      isColored ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
    dim: paint(CODES.dim),
    bold: paint(CODES.bold),
    line(text = '') {
      if (!json) io.stdout.write(`${text}\n`);
    },
    json(value) {
      if (json) io.stdout.write(`${JSON.stringify(encodeJson(value), null, 2)}\n`);
    },
    jsonLine(value) {
      if (json) io.stdout.write(`${JSON.stringify(encodeJson(value))}\n`);
    },
  };
}

/** https://no-color.org: any value that is not empty. */
function hasColors({ stdout, env }: CommandIo): boolean {
  return stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
