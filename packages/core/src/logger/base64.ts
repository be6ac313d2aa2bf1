const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES: Uint8Array = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const PADDING = '='.charCodeAt(0);
const SEXTETS: Int8Array = new Int8Array(128).fill(-1);
CODES.forEach((code, sextet) => {
  SEXTETS[code] = sextet;
});

// As many arguments as every engine takes in one call.
const CHUNK = 8192;

/** Writes bytes as base64 (RFC 4648 §4, padded), in browsers and Node alike. */
export function toBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING);
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const left = bytes.length - from;
    const triple = (bytes[from]! << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    codes[to] = CODES[triple >> 18]!;
    codes[to + 1] = CODES[(triple >> 12) & 63]!;
    if (left > 1) codes[to + 2] = CODES[(triple >> 6) & 63]!;
    if (left > 2) codes[to + 3] = CODES[triple & 63]!;
  }
  let text = '';
  for (let from = 0; from < codes.length; from += CHUNK) {
    text += String.fromCharCode(...codes.subarray(from, from + CHUNK));
  }
  return text;
}

/** Reads what `toBase64` wrote. Throws a `SyntaxError` for anything else. */
export function fromBase64(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (text.length % 4 !== 0) throw new SyntaxError(`base64 text must be a multiple of 4 long, not ${text.length}`);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let from = 0, to = 0; from < text.length; from += 4, to += 3) {
    let triple = 0;
    for (let i = from; i < from + 4; i++) {
      const sextet = i < text.length - padding ? SEXTETS[text.charCodeAt(i)] : 0;
      if (sextet === undefined || sextet < 0) throw new SyntaxError(`base64 text has ${text[i]} at ${i}`);
      triple = (triple << 6) | sextet;
    }
    // Writes past the end, where the text was padded, are no-ops.
    bytes[to] = triple >> 16;
    bytes[to + 1] = (triple >> 8) & 255;
    bytes[to + 2] = triple & 255;
  }
  return bytes;
}
