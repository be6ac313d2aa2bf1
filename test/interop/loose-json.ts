/** Parses JSON in which Python has left bare `NaN`, `Infinity` and `-Infinity`. */
export function parseLooseJson(text: string): unknown {
  let found = false;
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) => {
    if (token.startsWith('"')) return token;
    found = true;
    return `"\\u0000${token}"`;
  });
  return found ? JSON.parse(strict, revive) : JSON.parse(strict);
}

function revive(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('\0') ? Number(value.slice(1)) : value;
}
