import { show } from '@microbatch/core/logger';
import { type JsonValue, toJsonValue } from '../log/value-json.js';

// The official client's own check of a project; the server answers others with errors that name no option.
const RESERVED = /[/\\#?%:]/;
const MAX_NAME_CHARACTERS = 128;
const MAX_TAG_CHARACTERS = 64;
const MAX_SHOWN_CHARACTERS = 80;

/** Characters as Python counts them. */
export function characters(text: string): number {
  return [...text].length;
}

/** Shows the beginning of a value in an error message. */
export function showStart(value: unknown): string {
  const text = show(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS - 3)}...` : text;
}

/** Refuses, with a `TypeError` that names the option, what is not a string with something in it. */
export function checkedText(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`${option} must be a string that is not empty, not ${showStart(value)}`);
}

/** A text that is as long as W&B lets names be. Throws as `checkedText`. */
export function checkedName(option: string, value: unknown): string | undefined {
  const text = checkedText(option, value);
  if (text === undefined || characters(text) <= MAX_NAME_CHARACTERS) return text;
  throw new TypeError(
    `${option} has at most ${MAX_NAME_CHARACTERS} characters, not the ${characters(text)} of ${showStart(text)}`,
  );
}

/** A name that becomes a part of a URL. Throws as `checkedText`. */
export function checkedPathName(option: string, value: unknown): string | undefined {
  const text = checkedName(option, value);
  if (text === undefined || !RESERVED.test(text)) return text;
  throw new TypeError(`${option} can't hold any of / \\ # ? % : but is ${showStart(text)}`);
}

/** A text without white space around it. Throws as `checkedText`. */
export function checkedTrimmed(option: string, value: unknown): string | undefined {
  const text = checkedText(option, value);
  if (text === undefined || text === text.trim()) return text;
  throw new TypeError(`${option} can't begin or end with white space but is ${showStart(text)}`);
}

/** Refuses, with a `TypeError` that names the tag, what W&B can't take as tags. */
export function checkedTags(option: string, tags: unknown): readonly string[] {
  if (!Array.isArray(tags)) throw new TypeError(`${option} must be an array of strings, not ${showStart(tags)}`);
  for (const [at, tag] of tags.entries()) {
    if (typeof tag === 'string' && tag !== '' && characters(tag) <= MAX_TAG_CHARACTERS) continue;
    throw new TypeError(
      `${option}[${at}] must be a string of 1 to ${MAX_TAG_CHARACTERS} characters, not ${showStart(tag)}`,
    );
  }
  return tags;
}

/** A config as W&B holds it, without what is undefined. Throws a `TypeError` that names the key. */
export function checkedConfig(config: unknown): Record<string, JsonValue> {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new TypeError(`config must be an object, not ${showStart(config)}`);
  }
  return Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, checkedConfigValue(key, value)]),
  );
}

/** One value of a config as W&B holds it. Throws a `TypeError` that names the key. */
export function checkedConfigValue(key: string, value: unknown): JsonValue {
  try {
    return toJsonValue(value);
  } catch (error) {
    throw new TypeError(`config.${key}: ${(error as Error).message}`, { cause: error });
  }
}
