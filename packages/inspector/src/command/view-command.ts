import { hasDesktop, openBrowser } from '../view/open-browser.js';
import { type RunsServer, serveRuns } from '../view/serve-runs.js';
import { type CommonOptions, type Subcommand, withCommonOptions } from './command-context.js';
import { CommandError, EXIT } from './exit-codes.js';
import { folderError } from './folder-error.js';

interface ViewOptions extends CommonOptions {
  readonly port?: number;
  readonly open?: boolean;
}

const HELP = `
Serves the page until it is ended, by Ctrl-C or SIGTERM: to this machine alone, and only to those who know its address.

Exit codes: 0 it was ended; 1 it could not be served; 2 there is no such folder, or an option is wrong.

Examples:
  $ microbatch view                    the runs at and below this folder
  $ microbatch view runs --port 6007   at the same address each time, but for its token
  $ microbatch view runs --no-open     prints the address alone; behind ssh, forward its port`;

/** `microbatch view`. */
export const addView: Subcommand = (program, { io, exitWith }) => {
  withCommonOptions(program.command('view'))
    .description('Shows runs on a local page: curves on every clock, both step axes, media, config.')
    .argument('[dir]', 'folder that holds runs, at any depth', '.')
    .option('--port <n>', 'port of the page; any free one by default', portOf)
    .option('--open', 'open a browser; the default at a desktop')
    .option('--no-open', 'open no browser')
    .addHelpText('after', HELP)
    .action(async (dir: string, options: ViewOptions) => {
      const server = await serve(dir, options);
      io.stdout.write(
        options.json
          ? `${JSON.stringify({ url: server.url, dir })}\n`
          : `Showing ${dir} at\n  ${server.url}\nCtrl-C ends it.\n`,
      );
      if (options.open ?? hasDesktop(io.env, process.platform)) {
        const problem = await openBrowser(server.linkOnce(), io.env);
        if (problem !== undefined)
          io.stderr.write(`no browser could be opened (${problem}): open the address yourself\n`);
      }
      await interrupted();
      await server.close();
      exitWith(EXIT.ok);
    });
};

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new CommandError(`--port must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
}

async function serve(dir: string, { port }: ViewOptions): Promise<RunsServer> {
  try {
    return await serveRuns(dir, port === undefined ? {} : { port });
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new CommandError(`port ${port} is taken by another program: leave --port out for a free one`, EXIT.failed);
    }
    if (syscall === 'listen') throw new CommandError(`port ${port} can't be used: ${message}`, EXIT.failed);
    throw folderError(error, dir) ?? new CommandError(message, EXIT.failed);
  }
}

/** Resolves when the user, or whoever started this, wants it to end. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
