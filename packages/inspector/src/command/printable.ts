/** What could move a terminal's cursor, change its colours, or turn text around. */
const UNSEEN = /[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** A text of somebody else's for one line of a terminal: what is not to be seen as escapes, and what is too long cut. */
export function printable(text: string, maxLength = 200): string {
  const shown = text.replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
  return shown.length <= maxLength ? shown : `${shown.slice(0, maxLength - 1)}…`;
}
