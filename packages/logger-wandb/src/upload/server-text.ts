import { withoutKeys } from '../settings/hiding-secrets.js';

const MAX_CHARACTERS = 300;

/** Control characters, those that change the direction of text, and breaks of lines. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * Makes what a server says fit for a message: without the key, which a server may say back, without what a terminal would
 * take for a command, and short.
 */
export function createTextQuoter(apiKey: string): (text: string) => string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const secrets = [base64(`api:${apiKey}`), base64(apiKey), apiKey];
  return (text) => {
    // A blank for each: what a character tore apart must not become the key again.
    return withoutKeys(text, secrets).replace(UNPRINTABLE, ' ').trim().slice(0, MAX_CHARACTERS);
  };
}
