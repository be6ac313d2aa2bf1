import { LoggerError, type LoggerNotice } from '@microbatch/core/logger';
import { answerText, type JsonAnswer, jsonObject } from './answer-text.js';
import { isFinalStatus, isTlsFailure, isUnsendable, retryDelay } from './retry-policy.js';
import { createTextQuoter } from './server-text.js';
import type { UploadTimers } from './timers.js';

/** One request; it may be sent several times. */
export interface UploadRequest {
  /** For messages: what is being done. */
  readonly what: string;
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of one try. */
  readonly body: () => RequestInit['body'];
  /** Only the server itself gets the key, not where it lets files be put. */
  readonly withKey: boolean;
  readonly limitMs: number;
  /** Tries after the first; no bound where absent. */
  readonly maxRetries?: number;
  /** Statuses that another try may cure here, beside the usual ones. */
  readonly retriedStatuses?: readonly number[];
  /** What a success has to bring, or it counts as lost: a JSON object, as each of the server's does, or nothing but its status. */
  readonly answer: 'json' | 'status';
  /** Asked before a try that follows one whose end is not known: whether it has worked. */
  readonly hasWorked?: () => Promise<boolean>;
}

/** A request that no other try would bring further. */
export class RequestFailed extends LoggerError {
  /** The server's answer, where there was one. */
  readonly status: number | undefined;
  /** An earlier try may have worked. */
  readonly isAmbiguous: boolean;

  constructor(code: string, message: string, about: { status?: number; isAmbiguous: boolean; cause?: unknown }) {
    super('wandb', code, message, about.cause === undefined ? {} : { cause: about.cause });
    this.status = about.status;
    this.isAmbiguous = about.isAmbiguous;
  }
}

/** The upload was given up by its owner. */
export class UploadAborted extends Error {}

/** Sends requests, again where that may help. */
export interface Requester {
  /** The answer, empty where only its status counts. Throws `RequestFailed`, or `UploadAborted` when the signal aborts. */
  send(request: UploadRequest): Promise<JsonAnswer>;
  /** What a server says, as a message may hold it. */
  quote(text: string): string;
}

/** Short failures are no news. */
const TELL_AFTER_TRIES = 3;

/** What the user can do, by the answer's status. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'the key is not accepted: check WANDB_API_KEY, or run `wandb login`',
  403: 'the key may not do this: check entity and project, or use the key of a member',
};

type Attempt =
  | { readonly answer: JsonAnswer }
  | {
      readonly reason: string;
      readonly isFinal: boolean;
      readonly mayHaveWorked: boolean;
      readonly code: string;
      readonly retryAfter: string | null;
      readonly status?: number;
      readonly cause?: unknown;
    };

const UNVERIFIED: Attempt = {
  reason:
    'NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody stand in for the server: run without it, and name the certificate ' +
    'that is to be trusted by NODE_EXTRA_CA_CERTS',
  isFinal: true,
  mayHaveWorked: false,
  code: 'upload-tls-failed',
  retryAfter: null,
};

/** `onNotice` is told once of requests that are tried again; neither it nor an error ever holds the key. */
export function createRequester(options: {
  readonly apiKey: string;
  readonly timers: UploadTimers;
  readonly signal: AbortSignal;
  readonly onNotice: (notice: LoggerNotice) => void;
}): Requester {
  const { apiKey, timers, signal, onNotice } = options;
  const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;
  const quote = createTextQuoter(apiKey);
  let isTold = false;

  async function attempt(request: UploadRequest): Promise<Attempt> {
    const limit = new AbortController();
    const over = new AbortController();
    const giveUp = () => limit.abort();
    signal.addEventListener('abort', giveUp);
    void timers.wait('time-limit', request.limitMs, over.signal).then(giveUp);
    let status: number | undefined;
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: { ...request.headers, ...(request.withKey ? { authorization } : {}) },
        body: request.body(),
        redirect: 'manual',
        signal: limit.signal,
        // A file's bytes are read while they are sent.
        duplex: 'half',
      } as RequestInit);
      status = response.status;
      const retryAfter = response.headers.get('retry-after');
      if (response.ok) {
        const wholeText = await answerText(response, request.answer === 'json');
        const answer = request.answer === 'json' ? jsonObject(wholeText) : {};
        if (answer !== undefined) return { answer };
        // A page for signing in to a network, or one that tells of maintenance.
        const reason = `the answer is not a W&B server's: ${quote(wholeText) || 'it is empty'}`;
        return { reason, isFinal: false, mayHaveWorked: true, code: 'upload-refused', retryAfter, status };
      }
      const text = quote(await answerText(response, false));
      const isFinal = isFinalStatus(status) && !request.retriedStatuses?.includes(status);
      const code = status === 401 || status === 403 ? 'upload-unauthorized' : 'upload-refused';
      const advice = ADVICE[status];
      const reason = `the server answered ${status}${text && `: ${text}`}${advice === undefined ? '' : ` (${advice})`}`;
      return { reason, isFinal, mayHaveWorked: status >= 500 && !isFinal, code, retryAfter, status };
    } catch (error) {
      if (signal.aborted) throw new UploadAborted('the upload was given up');
      const isUntrusted = isTlsFailure(error);
      const isFinal = isUntrusted || isUnsendable(error);
      const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
      const limited = limit.signal.aborted ? `no answer within ${request.limitMs / 1000} s` : undefined;
      const reason = quote(String(limited ?? code ?? message));
      return {
        reason: isUntrusted ? `the server's certificate is not to be trusted (${reason})` : reason,
        isFinal,
        mayHaveWorked: !isFinal,
        code: isUntrusted ? 'upload-tls-failed' : 'upload-unreachable',
        retryAfter: null,
        cause: isFinal ? error : undefined,
      };
    } finally {
      over.abort();
      signal.removeEventListener('abort', giveUp);
    }
  }

  return {
    quote,
    async send(request) {
      let isAmbiguous = false;
      for (let tries = 0; ; tries++) {
        if (signal.aborted) throw new UploadAborted('the upload was given up');
        const result = isVerified(request.url) ? await attempt(request) : UNVERIFIED;
        if ('answer' in result) return result.answer;
        isAmbiguous ||= result.mayHaveWorked;
        if (result.isFinal || tries === request.maxRetries) {
          const { code, status, cause } = result;
          const about = { isAmbiguous, cause, ...(status === undefined ? {} : { status }) };
          throw new RequestFailed(code, `${request.what} failed: ${result.reason}`, about);
        }
        if (tries + 1 === TELL_AFTER_TRIES && !isTold) {
          isTold = true;
          const message = `${request.what} fails (${result.reason}): trying again; everything is on disk`;
          onNotice({ level: 'warn', code: 'upload-retrying', message });
        }
        await timers.wait('retry', retryDelay(tries, result.retryAfter, timers.date(), timers.random()), signal);
        if (signal.aborted) throw new UploadAborted('the upload was given up');
        if (isAmbiguous && (await request.hasWorked?.())) return {};
      }
    },
  };
}

/** Whether Node asks an https server to prove who it is. */
function isVerified(url: string): boolean {
  return !url.startsWith('https:') || process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0';
}
