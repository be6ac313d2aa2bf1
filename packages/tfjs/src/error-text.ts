/** What a run tells of an error: its message, or, where something else was thrown, that as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
