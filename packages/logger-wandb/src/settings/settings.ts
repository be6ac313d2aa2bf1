import {
  assertStepAxis,
  type LoggerNotice,
  type MetricNames,
  metricNames,
  type NamingScheme,
  type RunInfo,
  type StepAxis,
} from '@microbatch/core/logger';
import type { RunDescription } from '../log/records.js';
import { type JsonValue, toJsonValue } from '../log/value-json.js';

/** What `wandb()` takes. What is left out comes from the run, then from W&B's environment variables. */
export interface WandbOptions {
  /** At most 128 characters, none of `/ \ # ? % :`. */
  readonly project?: string;
  /** The user or team that owns the project; the key's own where absent. */
  readonly entity?: string;
  /** At most 128 characters. */
  readonly name?: string;
  readonly notes?: string;
  /** Added to the run's own; 1 to 64 characters each. */
  readonly tags?: readonly string[];
  readonly group?: string;
  readonly jobType?: string;
  /** Where the `wandb` folder goes; `./` where absent. */
  readonly dir?: string;
  /** `'offline'` where absent: the run is written to disk, to be uploaded by `wandb sync`. `'disabled'` writes nothing. */
  readonly mode?: 'offline' | 'online' | 'disabled';
  /** `'sdk'` also sends each row by `@wandb/sdk` while training goes on, and makes the mode `'online'`. */
  readonly transport?: 'log' | 'sdk';
  /** The clock that becomes `_step`; the one that the run records where absent. */
  readonly stepAxis?: StepAxis;
  readonly names?: NamingScheme;
  /** Added to the run's own, and winning over it. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Prints nothing: no lines that say where the run is, and, of a sink that nobody listens to, no notices. */
  readonly quiet?: boolean;
  /**
   * Told of what did not get where the user put it, once a run and code, and a key where one value is meant. A logger's
   * notices are diagnostics of its run as well; those of a bare sink are printed where this is absent.
   */
  readonly onNotice?: (notice: LoggerNotice) => void;
}

/** The options with everything but the run filled in. */
export interface WandbSettings {
  readonly mode: 'offline' | 'online' | 'disabled';
  readonly dir: string;
  readonly stepAxis: StepAxis | undefined;
  readonly names: MetricNames;
  /** Whether an epoch's end sets the open row's `epoch`, as fastai's callback does. */
  readonly epochAtEnd: boolean;
  readonly quiet: boolean;
  readonly hasKey: boolean;
  /** The environment asks for `'online'`, which is not to be had: the mode is `'offline'`. */
  readonly onlineUnavailable: boolean;
  /** What the run is called on W&B. Throws a `TypeError` for a run that W&B can't take. */
  describe(run: RunInfo, host: string): RunDescription;
}

type Environment = Readonly<Record<string, string | undefined>>;

const OPTION_NAMES = new Set<string>(
  Object.keys({
    project: 0,
    entity: 0,
    name: 0,
    notes: 0,
    tags: 0,
    group: 0,
    jobType: 0,
    dir: 0,
    mode: 0,
    transport: 0,
    stepAxis: 0,
    names: 0,
    config: 0,
    quiet: 0,
    onNotice: 0,
  } satisfies Record<keyof WandbOptions, 0>),
);

/** Checks the options and fills in what the environment says. Throws a `TypeError` that names the option and the value. */
export function resolveSettings(options: WandbOptions, env: Environment): WandbSettings {
  for (const [name, value] of Object.entries(options)) {
    if (!OPTION_NAMES.has(name)) throw new TypeError(`wandb: there is no option ${name}, given ${show(value)}`);
  }
  assertStepAxis(options.stepAxis);
  const text = (name: 'notes' | 'jobType' | 'dir' | 'project' | 'entity' | 'name' | 'group', variable: string) =>
    checkedText(name, options[name]) ?? checkedText(variable, env[variable] || undefined);
  const project = text('project', 'WANDB_PROJECT');
  const entity = text('entity', 'WANDB_ENTITY');
  const name = text('name', 'WANDB_NAME');
  const group = text('group', 'WANDB_RUN_GROUP');
  const notes = text('notes', 'WANDB_NOTES');
  const jobType = text('jobType', 'WANDB_JOB_TYPE');
  const config = checkedConfig(options.config ?? {});
  const tags = checkedTags('tags', options.tags ?? env.WANDB_TAGS?.split(',').filter(Boolean) ?? []);
  if (options.onNotice !== undefined && typeof options.onNotice !== 'function') {
    throw new TypeError(`onNotice must be a function, not ${show(options.onNotice)}`);
  }
  if (options.quiet !== undefined && typeof options.quiet !== 'boolean') {
    throw new TypeError(`quiet must be true or false, not ${show(options.quiet)}`);
  }
  return {
    ...resolveMode(options, env),
    dir: text('dir', 'WANDB_DIR') ?? './',
    stepAxis: options.stepAxis,
    names: metricNames(options.names),
    epochAtEnd: options.names === 'fastai',
    quiet: options.quiet ?? env.WANDB_SILENT === 'true',
    hasKey: Boolean(env.WANDB_API_KEY),
    describe: (run, host) => ({
      id: checkedId(run.id),
      startedAt: run.startedAt,
      host,
      entity,
      group,
      notes,
      jobType,
      project: options.project ?? checkedText('run.project', run.project) ?? project,
      // A run without a name of its own is called by its id: W&B then makes up a better one.
      name: options.name ?? (run.name === run.id ? undefined : checkedText('run.name', run.name)) ?? name,
      tags: [...new Set([...checkedTags('run.tags', run.tags), ...tags])],
      config: { ...checkedConfig(run.config), ...config },
    }),
  };
}

function resolveMode(options: WandbOptions, env: Environment): Pick<WandbSettings, 'mode' | 'onlineUnavailable'> {
  const { transport = 'log' } = options;
  if (transport !== 'log' && transport !== 'sdk') {
    throw new TypeError(`transport must be 'log' or 'sdk', not ${show(transport)}`);
  }
  if (options.mode === 'offline' && transport === 'sdk') {
    throw new TypeError("mode 'offline' sends nothing: leave out transport: 'sdk', or the mode");
  }
  const source = options.mode === undefined && env.WANDB_MODE ? 'WANDB_MODE' : 'mode';
  const mode = options.mode ?? (env.WANDB_MODE || undefined) ?? (transport === 'sdk' ? 'online' : 'offline');
  if (mode !== 'offline' && mode !== 'online' && mode !== 'disabled') {
    throw new TypeError(`${source} must be 'offline', 'online' or 'disabled', not ${show(mode)}`);
  }
  if (mode !== 'online' || transport === 'sdk') return { mode, onlineUnavailable: false };
  if (source === 'mode') {
    throw new TypeError(
      "mode 'online' is not there yet: use 'offline' and upload the run with `wandb sync`, or transport: 'sdk'",
    );
  }
  // A variable is set for a whole machine, often for other programs: it must not end this one.
  return { mode: 'offline', onlineUnavailable: true };
}

// The official client's own check of a project; the server answers others with errors that name no option.
const RESERVED = /[/\\#?%:]/;
const MAX_NAME_CHARACTERS = 128;

function checkedText(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`${option} must be a string that is not empty, not ${show(value)}`);
  }
  if (/project|entity/i.test(option) && RESERVED.test(value)) {
    throw new TypeError(`${option} can't hold any of / \\ # ? % : but is ${show(value)}`);
  }
  if (/project|entity|name|group/i.test(option) && value.length > MAX_NAME_CHARACTERS) {
    throw new TypeError(
      `${option} has at most ${MAX_NAME_CHARACTERS} characters, not the ${value.length} of ${show(value)}`,
    );
  }
  return value;
}

function checkedId(id: string): string {
  if (typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id)) return id;
  throw new TypeError(`run.id must be 1 to 64 letters, digits, '_' or '-', not ${show(id)}`);
}

function checkedTags(option: string, tags: unknown): string[] {
  if (!Array.isArray(tags)) throw new TypeError(`${option} must be an array of strings, not ${show(tags)}`);
  for (const [at, tag] of tags.entries()) {
    if (typeof tag === 'string' && tag.length >= 1 && tag.length <= 64) continue;
    throw new TypeError(`${option}[${at}] must be a string of 1 to 64 characters, not ${show(tag)}`);
  }
  return tags;
}

function checkedConfig(config: unknown): Record<string, JsonValue> {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new TypeError(`config must be an object, not ${show(config)}`);
  }
  return Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => {
        try {
          return [key, toJsonValue(value)];
        } catch (error) {
          throw new TypeError(`config.${key}: ${(error as Error).message}`, { cause: error });
        }
      }),
  );
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
