import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a request must know, and where it must be sent. */
export interface GuardedServer {
  readonly token: string;
  readonly port: number;
}

/**
 * Whether a request was sent to this machine by its own name, and not by a page of another site: one that has its name lead to
 * this machine sends that as host, or itself as origin (DNS rebinding).
 */
export function isForHere({ headers }: Pick<IncomingMessage, 'headers'>, port: number): boolean {
  const { host, origin } = headers;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return false;
  return origin === undefined || origin === `http://${host}`;
}

/** The path behind the token, which begins the URL; or the status to refuse a request with. */
export function pathOrRefusal(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  { token, port }: GuardedServer,
): string | 403 | 405 {
  if (!isForHere(request, port)) return 403;
  const { method, url = '', headers } = request;
  const [path = ''] = url.split('?', 1);
  const [, given = '', ...rest] = path.split('/');
  if (!isSame(given, token) || rest.length === 0) return 403;
  if (isFromElsewhere(headers)) return 403;
  if (method !== 'GET' && method !== 'HEAD') return 405;
  return rest.join('/');
}

/** Other sites may lead here by a link, but may not put what is here into their pages. */
function isFromElsewhere(headers: IncomingMessage['headers']): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
