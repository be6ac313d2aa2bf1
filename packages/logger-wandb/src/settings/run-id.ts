import { randomInt } from 'node:crypto';
import { characters, checkedTrimmed, showStart } from './checks.js';

// Those that the official client refuses and those that its documentation does, beside what a file system or a terminal
// takes for something else: control characters and halves of a surrogate pair.
const REFUSED = /[/\\#?%:;,'\p{Cc}\p{Surrogate}]/u;
const MAX_CHARACTERS = 128;
// A folder's name may have 255 bytes, of which `offline-run-` and the time take 28.
const MAX_BYTES = 200;

/**
 * Refuses an id that W&B, or the name of a folder, can't take, with a `TypeError` that names the option. No id leads out
 * of its folder. Two that differ in case alone share a name on some file systems: that is for whoever makes the folder.
 */
export function checkedRunId(option: string, value: unknown): string | undefined {
  const id = checkedTrimmed(option, value);
  if (id === undefined) return undefined;
  if (REFUSED.test(id)) {
    throw new TypeError(`${option} can't hold any of / \\ # ? % : ; , ' or control characters but is ${showStart(id)}`);
  }
  if (characters(id) > MAX_CHARACTERS || Buffer.byteLength(id) > MAX_BYTES) {
    throw new TypeError(
      `${option} has at most ${MAX_CHARACTERS} characters and ${MAX_BYTES} bytes, ` +
        `not the ${characters(id)} and ${Buffer.byteLength(id)} of ${showStart(id)}`,
    );
  }
  return id;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A random id, as the official client makes one: 8 lower-case letters and digits. */
export function randomRunId(): string {
  return Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
