import type { LoggerNotice, NamingScheme, StepAxis } from '@microbatch/core/logger';
import type { MetricDefinition } from '../run/metric-definitions.js';

/**
 * What `wandb()` takes. What is left out comes from the run, then from W&B's environment variables, which stand beside
 * each option, then from a netrc file. An empty variable counts as absent.
 */
export interface WandbOptions {
  /** `WANDB_PROJECT`. At most 128 characters, none of `/ \ # ? % :`. */
  readonly project?: string;
  /** The user or team that owns the project; the key's own where absent. `WANDB_ENTITY`. */
  readonly entity?: string;
  /**
   * The run's id on W&B, for every run of this logger; at most 128 characters, none of `/ \ # ? % : ; , '`. Where absent,
   * `WANDB_RUN_ID` comes before the run's own id: a `wandb agent` sets it, and a run without a given id has a made-up one.
   */
  readonly id?: string;
  /** `WANDB_NAME`. At most 128 characters. */
  readonly name?: string;
  /** `WANDB_NOTES`. */
  readonly notes?: string;
  /** Added to the run's own; 1 to 64 characters each. `WANDB_TAGS`, with commas between them. */
  readonly tags?: readonly string[];
  /** `WANDB_RUN_GROUP`. At most 128 characters. */
  readonly group?: string;
  /** `WANDB_JOB_TYPE`. */
  readonly jobType?: string;
  /** Where the `wandb` folder goes; `./` where absent. `WANDB_DIR`. */
  readonly dir?: string;
  /**
   * `'offline'` where absent, also where there is a key: the run is written to disk, to be uploaded by `wandb sync`.
   * `'online'` uploads it while it is written as well, and needs a key. `'disabled'` writes nothing. `WANDB_MODE`, where
   * `dryrun` is `offline` and `run` is `online`; `WANDB_DISABLED=true` is `disabled`.
   */
  readonly mode?: 'offline' | 'online' | 'disabled';
  /** `'sdk'` also sends each row by `@wandb/sdk` while training goes on, and makes the mode `'online'`. */
  readonly transport?: 'log' | 'sdk';
  /**
   * What happens where the server already has a run of this id: `'allow'` goes on with it, or begins it; `'must'` needs
   * it; `'never'` refuses it. Online only. `WANDB_RESUME`.
   */
  readonly resume?: Resume;
  /** The server; `https://api.wandb.ai` where absent. `WANDB_BASE_URL`. */
  readonly baseUrl?: string;
  /** `WANDB_API_KEY`, then the server's entry in the file that `NETRC` names, `~/.netrc` or `~/_netrc`. */
  readonly apiKey?: string;
  /** What this machine is called; its own name where absent. `WANDB_HOST`. */
  readonly host?: string;
  /** The script that made the run; the one that Node runs where absent. `WANDB_PROGRAM`. */
  readonly program?: string;
  /** Whether CPU, memory, disk and network are logged every 15 s; true where absent. `WANDB_X_DISABLE_STATS`. */
  readonly systemMetrics?: boolean;
  /**
   * Whether what the process prints is logged too; false where absent, or `auto`. `WANDB_CONSOLE`, where `off` is false
   * and each other way of capturing is true.
   */
  readonly captureConsole?: boolean;
  /** Whether the git remote and commit of the working directory are logged; true where absent. `WANDB_DISABLE_GIT`. */
  readonly saveGit?: boolean;
  /** Whether a value that can't be logged, or not where it was put, is an error. False where absent. */
  readonly strict?: boolean;
  /** The clock that becomes `_step`; the one that the run records where absent. */
  readonly stepAxis?: StepAxis;
  readonly names?: NamingScheme;
  /** Added to the run's own, and winning over it. */
  readonly config?: Readonly<Record<string, unknown>>;
  /**
   * Prints nothing: no lines that say where the run is, and, of a sink that nobody listens to, no notices. `WANDB_SILENT`;
   * `WANDB_QUIET` leaves the notices.
   */
  readonly quiet?: boolean;
  /** How W&B is to treat metrics, by name or by a name that ends in `*`, as the Python client's `define_metric` says it. */
  readonly metrics?: Readonly<Record<string, MetricDefinition>>;
  /**
   * Called once when someone asks on the run's page for the run to stop. Where absent, the process gets SIGINT, as after
   * Ctrl-C, which is what the Python client does.
   */
  readonly onStopRequest?: () => void;
  /**
   * Told of what did not get where the user put it, once a run and code, and a key where one value is meant. A logger's
   * notices are diagnostics of its run as well; those of a bare sink are printed where this is absent.
   */
  readonly onNotice?: (notice: LoggerNotice) => void;
}

/** What a run does with one of its id that the server already has. */
export type Resume = 'allow' | 'must' | 'never';

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys({
  project: 0,
  entity: 0,
  id: 0,
  name: 0,
  notes: 0,
  tags: 0,
  group: 0,
  jobType: 0,
  dir: 0,
  mode: 0,
  transport: 0,
  resume: 0,
  baseUrl: 0,
  apiKey: 0,
  host: 0,
  program: 0,
  systemMetrics: 0,
  captureConsole: 0,
  saveGit: 0,
  strict: 0,
  stepAxis: 0,
  names: 0,
  config: 0,
  quiet: 0,
  metrics: 0,
  onStopRequest: 0,
  onNotice: 0,
} satisfies Record<keyof WandbOptions, 0>);
