const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** An answer's fields. */
export type JsonAnswer = Readonly<Record<string, unknown>>;

/** Reads an answer's body; where it is not needed, one that breaks off is empty. Rejects where it has no end. */
export async function answerText(response: Response, isNeeded: boolean): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of response.body ?? []) {
      size += (part as Uint8Array).length;
      if (size > MAX_ANSWER_BYTES) throw new RangeError('the answer has no end');
      parts.push(part as Uint8Array);
    }
  } catch (error) {
    if (isNeeded) throw error;
    return '';
  }
  return Buffer.concat(parts).toString();
}

/** The fields of a text that is a JSON object. */
export function jsonObject(text: string): JsonAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonAnswer) : undefined;
  } catch {
    return undefined;
  }
}
