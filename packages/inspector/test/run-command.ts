import { PassThrough, Readable } from 'node:stream';
import { microbatch } from '../src/command/microbatch.js';

/** What a command left. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process, on streams of its own; `tty` makes them terminals. */
export async function runCommand(
  args: readonly string[],
  {
    stdin = '',
    tty = false,
    env = {},
  }: { stdin?: string | Readable; tty?: boolean; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  const [stdout, stderr] = [textStream(tty), textStream(tty)];
  const input = typeof stdin === 'string' ? Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]) : stdin;
  const code = await microbatch(args, { stdin: input, stdout: stdout.stream, stderr: stderr.stream, env });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function textStream(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), isTTY ? { isTTY } : {});
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return { stream, text: () => text };
}
