import { show } from '@microbatch/core/logger';
import { toJsonValue } from '../log/value-json.js';

/** What W&B shows of an artifact. */
export interface ArtifactOptions {
  /** Names the artifact in its project: up to 128 characters without `/`. `run-<run id>-<file name>` by default. */
  readonly name?: string | undefined;
  /** What kind of thing it is, such as `model`; `unspecified` by default. */
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  /** Up to 100 values that have a form in JSON. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Names for this version, beside `latest`. */
  readonly aliases?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** Checked options; `metadata` as JSON. */
export interface ArtifactHead {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly metadata: string;
  readonly aliases: readonly string[];
  readonly tags: readonly string[];
}

const MAX_NAME = 128;
const MAX_METADATA_KEYS = 100;
/** Those that W&B makes itself: a type, and how its names begin. */
const RESERVED: readonly (readonly [type: string, name: string])[] = [
  ['job', ''],
  ['run_table', 'run-'],
  ['code', 'source-'],
];

/** Checks options by the Python client's rules. Throws a `TypeError` that names the option and the value. */
export function artifactHead(options: ArtifactOptions, defaultName: string): ArtifactHead {
  const {
    name = defaultName,
    type = 'unspecified',
    description = '',
    metadata = {},
    aliases = [],
    tags = [],
  } = options;
  if (!isText(name, MAX_NAME) || /\//.test(name)) {
    throw new TypeError(`the artifact's name must be 1 to ${MAX_NAME} characters without '/', not ${show(name)}`);
  }
  if (!isText(type, MAX_NAME) || /[/:]/.test(type)) {
    throw new TypeError(
      `the artifact's type must be 1 to ${MAX_NAME} characters without '/' and ':', not ${show(type)}`,
    );
  }
  if (type.startsWith('wandb-') || RESERVED.some(([kind, start]) => type === kind && name.startsWith(start))) {
    throw new TypeError(`the artifact's type ${show(type)} is one that W&B keeps for itself`);
  }
  if (typeof description !== 'string') throw new TypeError(`description must be text, not ${show(description)}`);
  if (!areTexts(aliases, /^[^/:]+$/)) {
    throw new TypeError(`aliases must be names without '/' and ':', not ${show(aliases)}`);
  }
  if (!areTexts(tags, /^[-\p{L}\p{N}_]+( +[-\p{L}\p{N}_]+)*$/u)) {
    throw new TypeError(`tags must be words of letters, digits, '-' and '_', not ${show(tags)}`);
  }
  return {
    name,
    type,
    description,
    metadata: metadataJson(metadata),
    aliases: [...new Set([...aliases, 'latest'])],
    tags: [...new Set(tags)],
  };
}

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= max;
}

function areTexts(value: unknown, pattern: RegExp): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && pattern.test(item));
}

function metadataJson(metadata: Readonly<Record<string, unknown>>): string {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new TypeError(`metadata must be an object, not ${show(metadata)}`);
  }
  const keys = Object.keys(metadata);
  if (keys.length === 0) return '';
  if (keys.length > MAX_METADATA_KEYS) {
    throw new TypeError(`metadata has ${keys.length} keys; W&B takes at most ${MAX_METADATA_KEYS}`);
  }
  // Servers refuse NaN and Infinity here: JSON.stringify makes null of them.
  return JSON.stringify(toJsonValue(metadata), (_key, value) => (typeof value === 'bigint' ? Number(value) : value));
}
