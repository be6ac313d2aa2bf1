import { Command, Option } from 'commander';
import { type BackendName, backendNames } from './backend-names.js';

/** What every small example takes. */
export interface ExampleOptions {
  readonly backend: BackendName;
  /** The folder that gets the run's logs. */
  readonly out: string;
  /** A few seconds' worth of the same, as CI runs it. */
  readonly short: boolean;
}

/** Reads the command line; prints help or a complaint that names option and value, and ends the process, where due. */
export function exampleOptions(
  name: string,
  shows: string,
  argv: readonly string[] = process.argv.slice(2),
): ExampleOptions {
  return new Command(`npm run example -- ${name}`)
    .description(shows)
    .addOption(new Option('--backend <name>', 'what computes').choices(backendNames).default('wasm'))
    .option('--out <dir>', 'folder in which each run makes a new folder', 'runs')
    .option('--short', 'a few seconds of it', false)
    .allowExcessArguments(false)
    .parse(argv, { from: 'user' })
    .opts<ExampleOptions>();
}
