import { decodeJson } from '@microbatch/core/logger';

const TOKENS = /"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g;

/**
 * Reads JSON text as Python's json module writes it, with bare `NaN`, `Infinity` and `-Infinity`; what a journal writes for
 * values that JSON has no form for is read, too. Throws a `SyntaxError`.
 */
export function parsePythonJson(text: string): unknown {
  const strict = /NaN|Infinity/.test(text)
    ? text.replace(TOKENS, (token) => (token.startsWith('"') ? token : `{"$number":"${token}"}`))
    : text;
  return decodeJson(JSON.parse(strict));
}
