import type { ServerResponse } from 'node:http';

const SECURITY = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
} as const;

/** What a route says. */
export interface Answer {
  readonly type: string;
  readonly body: string | Uint8Array;
}

export const NOT_FOUND = 404;

/** An answer in JSON; a number that may not be finite must be a `NumberAnswer` already. */
export function json(value: unknown): Answer {
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}

/** Sends an answer. A status alone has no body but its number. */
export function send(response: ServerResponse, answer: Answer | number, isHead: boolean): void {
  const { type, body } =
    typeof answer === 'number' ? { type: 'text/plain; charset=utf-8', body: `${answer}\n` } : answer;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(typeof answer === 'number' ? answer : 200, {
    ...SECURITY,
    'Content-Type': type,
    'Content-Length': bytes.length,
  });
  response.end(isHead ? undefined : bytes);
}

/** Sends a browser on. */
export function sendTo(response: ServerResponse, location: string): void {
  response.writeHead(303, { ...SECURITY, Location: location, 'Content-Length': 0 }).end();
}

/** Begins a stream of server-sent events. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { ...SECURITY, 'Content-Type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
}
