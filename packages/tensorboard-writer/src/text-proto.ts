/*
 * FORMAT (protobuf.dev/reference/protobuf/textformat-spec, as far as files are kept whole): fields `name: value`, where a
 * value is strings side by side, a word, or a list, and `name { fields }` or `name < fields >`, with or without a colon;
 * `,` or `;` may follow. `#` begins a comment.
 */

/** A field of a message in protobuf's text format. */
export interface TextField {
  readonly name: string;
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
  /** As written: without the braces of a message, with the quotes of a string. */
  readonly value: string;
}

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN = /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[{}<>[\]:;,]|[\w.+/-]+)|\s+|#[^\n]*/y;
const CLOSERS = new Map([
  ['{', '}'],
  ['<', '>'],
  ['[', ']'],
]);

/** The fields of a message in protobuf's text format, in their order. Throws a `SyntaxError` where the text is none. */
export function readTextFields(text: string): TextField[] {
  const tokens = tokenize(text);
  const fields: TextField[] = [];
  let at = 0;
  while (at < tokens.length) {
    const first = tokens[at]!;
    let after = first.text === '[' ? closeOf(tokens, at) + 1 : at + 1;
    if (after === at + 1 && !/^\w/.test(first.text)) throw unexpected(first);
    const name = text.slice(first.start, tokens[after - 1]!.end);
    if (tokens[after]?.text === ':') after += 1;
    const opener = tokens[after];
    if (opener === undefined) throw new SyntaxError(`the text ends in field ${name}`);
    const last = endOfValue(tokens, after);
    const isMessage = opener.text === '{' || opener.text === '<';
    const value = isMessage ? text.slice(opener.end, tokens[last]!.start) : text.slice(opener.start, tokens[last]!.end);
    at = last + 1;
    if (tokens[at]?.text === ',' || tokens[at]?.text === ';') at += 1;
    fields.push({ name, start: first.start, end: tokens[at - 1]!.end, value });
  }
  return fields;
}

/** A string in double quotes. */
export function quoteText(text: string): string {
  const escaped = text.replace(/[\\"\p{Cc}]/gu, (character) => {
    if (character === '\\' || character === '"') return `\\${character}`;
    if (/[\n\r\t]/.test(character)) return JSON.stringify(character).slice(1, -1);
    return [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  });
  return `"${escaped}"`;
}

/** What quoted strings side by side say. */
export function unquoteText(quoted: string): string {
  const bytes: Buffer[] = [];
  for (const { text } of tokenize(quoted)) {
    for (const [part, escaped] of text.slice(1, -1).matchAll(/\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|.)|[^\\]+/gsu)) {
      bytes.push(escaped === undefined ? Buffer.from(part) : escapedBytes(escaped));
    }
  }
  return Buffer.concat(bytes).toString();
}

const ESCAPES = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

function escapedBytes(escaped: string): Buffer {
  if (/^[0-7]/.test(escaped)) return Buffer.of(Number.parseInt(escaped, 8));
  if (/^[xX]./.test(escaped)) return Buffer.of(Number.parseInt(escaped.slice(1), 16));
  return Buffer.from(ESCAPES.get(escaped) ?? escaped);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let start = 0; start < text.length; start = TOKEN.lastIndex) {
    TOKEN.lastIndex = start;
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError(`${JSON.stringify(text.slice(start, start + 20))} at ${start}`);
    if (match[1] !== undefined) tokens.push({ text: match[1], start, end: TOKEN.lastIndex });
  }
  return tokens;
}

function endOfValue(tokens: readonly Token[], at: number): number {
  const { text } = tokens[at]!;
  if (CLOSERS.has(text)) return closeOf(tokens, at);
  if (/^\w|^[+.-]/.test(text)) return at;
  if (!isString(tokens[at])) throw unexpected(tokens[at]!);
  let last = at;
  while (isString(tokens[last + 1])) last += 1;
  return last;
}

function isString(token: Token | undefined): boolean {
  return token !== undefined && /^["']/.test(token.text);
}

function closeOf(tokens: readonly Token[], opener: number): number {
  const expected: string[] = [];
  for (let at = opener; at < tokens.length; at += 1) {
    const token = tokens[at]!;
    const closer = CLOSERS.get(token.text);
    if (closer !== undefined) expected.push(closer);
    else if (/^[}>\]]$/.test(token.text) && expected.pop() !== token.text) throw unexpected(token);
    if (expected.length === 0) return at;
  }
  throw new SyntaxError(`${tokens[opener]!.text} at ${tokens[opener]!.start} is not closed`);
}

function unexpected({ text, start }: Token): SyntaxError {
  return new SyntaxError(`unexpected ${text} at ${start}`);
}
