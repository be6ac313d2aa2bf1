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
 * ms to wait before try `attempt` + 1, counted from 0: full jitter, any time from 0 up to 2 s doubled with each try, at most
 * 60 s; but no less than the server asks for by Retry-After (seconds or an HTTP date). `date` is now, in ms since 1970.
 */
export function retryDelay(attempt: number, retryAfter: string | null, date: number, random: number): number {
  const backOff = random * Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 16));
  // A server that always asks for 0 s would be asked without a pause.
  return Math.max(backOff, retryAfter === null ? 0 : retryAfterMs(retryAfter, date));
}

function retryAfterMs(header: string, date: number): number {
  const ms = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - date;
  return Number.isNaN(ms) ? 0 : Math.min(ms, LONGEST_RETRY_AFTER_MS);
}

const TLS_ERRORS = /CERT|TLS|SSL|UNABLE_TO_(GET|VERIFY)/;

/** Whether a connection failed because the server could not prove who it is. */
export function isTlsFailure(error: unknown): boolean {
  const { code } = ((error as Error | undefined)?.cause ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' && TLS_ERRORS.test(code) && code !== 'ERR_SSL_WRONG_VERSION_NUMBER';
}

/** Whether `fetch` refuses to send a request at all, whatever the network is like. */
export function isUnsendable(error: unknown): boolean {
  const { code, message } = ((error as Error | undefined)?.cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ERR_INVALID_URL' || message === 'bad port' || message === 'unknown scheme';
}
