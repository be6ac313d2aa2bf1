/** What a netrc file says of one machine. */
export interface NetrcEntry {
  readonly login: string;
  readonly password: string;
}

/** A netrc file that breaks its grammar. Says where, never what stands there. */
export class NetrcError extends Error {
  readonly line: number;

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
    this.name = 'NetrcError';
    this.line = line;
  }
}

/**
 * Reads a netrc file's text: `machine NAME` or `default`, each with `login`, `user`, `account` and `password`; `macdef`
 * up to an empty line; comments; tokens in double quotes; a backslash takes the next character as it is. Returns the
 * lookup of a machine by its names, whatever their case: the last entry of the first name that has one, else the default
 * entry, as Python's module answers. Throws a `NetrcError`.
 */
export function parseNetrc(text: string): (...names: readonly string[]) => NetrcEntry | undefined {
  const entries = new Map<string, NetrcEntry>();
  let fallback: NetrcEntry | undefined;
  const lexer = createLexer(text.replace(/^\uFEFF/, ''));

  function value(of: string): string {
    const token = lexer.next();
    if (token === undefined) throw new NetrcError(lexer.line(), `nothing follows ${of}`);
    return token;
  }

  function entry(): { entry: NetrcEntry; next: string | undefined } {
    const fields = { login: '', password: '', account: '' };
    for (;;) {
      const token = lexer.next();
      if (token === 'login' || token === 'user') fields.login = value(token);
      else if (token === 'password' || token === 'account') fields[token] = value(token);
      else if (token?.startsWith('#')) lexer.skipLine();
      else if (token === undefined || token === 'machine' || token === 'default' || token === 'macdef') {
        return { entry: { login: fields.login, password: fields.password }, next: token };
      } else throw new NetrcError(lexer.line(), 'login, user, account or password is expected');
    }
  }

  let token = lexer.next();
  while (token !== undefined) {
    if (token === 'machine') {
      const machine = value('machine').toLowerCase();
      const read = entry();
      entries.set(machine, read.entry);
      token = read.next;
    } else if (token === 'default') {
      const read = entry();
      fallback = read.entry;
      token = read.next;
    } else {
      if (token === 'macdef') lexer.skipMacro();
      else if (token.startsWith('#')) lexer.skipLine();
      else throw new NetrcError(lexer.line(), 'machine, default or macdef is expected');
      token = lexer.next();
    }
  }
  return (...names) => names.map((name) => entries.get(name.toLowerCase())).find(Boolean) ?? fallback;
}

interface Lexer {
  next(): string | undefined;
  /** 1-based, of the last token. */
  line(): number;
  skipLine(): void;
  /** Skips the rest of the line and all lines up to an empty one. */
  skipMacro(): void;
}

function createLexer(text: string): Lexer {
  let at = 0;
  let tokenAt = 0;
  const line = () => text.slice(0, tokenAt).split('\n').length;

  function skipLine(): string {
    const end = text.indexOf('\n', at);
    const skipped = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    return skipped;
  }

  return {
    line,
    skipLine,
    skipMacro() {
      skipLine();
      while (at < text.length && skipLine().trim() !== '');
    },
    next() {
      while (at < text.length && isSpace(text[at]!)) at++;
      if (at === text.length) return undefined;
      tokenAt = at;
      const isQuoted = text[at] === '"';
      if (isQuoted) at++;
      let token = '';
      for (; at < text.length; at++) {
        if (isQuoted ? text[at] === '"' : isSpace(text[at]!)) break;
        if (text[at] === '\\' && at + 1 < text.length) at++;
        token += text[at];
      }
      if (!isQuoted) return token;
      if (at === text.length) throw new NetrcError(line(), 'a quotation mark is not closed');
      at++;
      return token;
    },
  };
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}
