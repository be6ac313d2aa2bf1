const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** A server that asks for more is asked again after a day. */
const LONGEST_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** The Python client's list: sent again, the same request would get the same answer. */
const FINAL_STATUSES = new Set([400, 401, 403, 404, 409, 410, 413, 422, 501]);

/** Whether another try of a request could end otherwise. */
export function isFinalStatus(status: number): boolean {
  // Redirects are not followed: the key would go where nobody sent it.
  return FINAL_STATUSES.has(status) || (status >= 300 && status < 400);
}

/**
 * ms to wait before try `attempt` + 1, counted from 0: what the server asks for by Retry-After (seconds or an HTTP date),
 * else full jitter, any time from 0 up to 2 s doubled with each try, at most 60 s.
 */
export function retryDelay(attempt: number, retryAfter: string | null, now: number, random: number): number {
  const asked = retryAfter === null ? undefined : retryAfterMs(retryAfter, now);
  if (asked !== undefined) return asked;
  return random * Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 16));
}

function retryAfterMs(header: string, now: number): number | undefined {
  const ms = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

const TLS_ERRORS = /CERT|TLS|SSL|UNABLE_TO_(GET|VERIFY)/;

/** Whether a connection failed because the server could not prove who it is. */
export function isTlsFailure(error: unknown): boolean {
  const { code } = ((error as Error | undefined)?.cause ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' && TLS_ERRORS.test(code) && code !== 'ERR_SSL_WRONG_VERSION_NUMBER';
}
