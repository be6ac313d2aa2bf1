import type { LoggerNotice } from '@microbatch/core/logger';
import { checkedKeyOption, findKey, requireKey } from './api-key.js';
import { resolveBaseUrl } from './base-url.js';
import type { Environment } from './environment.js';

/** Where a run is sent, and by whose key. */
export interface Destination {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** What there is to tell of the two. */
  readonly notices: readonly LoggerNotice[];
}

/**
 * The server and the key: the options, then W&B's variables, then netrc. `purpose` says in an error what needs them.
 * Throws as `resolveBaseUrl`, `checkedKeyOption` and `requireKey` do.
 */
export function resolveDestination(
  options: { readonly baseUrl?: string | undefined; readonly apiKey?: string | undefined },
  env: Environment,
  purpose: string,
): Destination {
  const { baseUrl, notices } = resolveBaseUrl(options.baseUrl, env);
  const search = findKey(checkedKeyOption(options.apiKey), baseUrl, env);
  return { baseUrl, notices, apiKey: requireKey(search, baseUrl, purpose) };
}
