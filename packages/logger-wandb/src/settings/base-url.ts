import type { LoggerNotice } from '@microbatch/core/logger';
import { checkedBaseUrl } from '../upload/server-address.js';
import { type Environment, variable } from './environment.js';

const CLOUD = 'https://api.wandb.ai';

/**
 * The server's address, without a slash at its end. Throws a `TypeError` that names the option or the variable for what is
 * no address, and for the cloud's own pages, which are no API; a plain-http address that leaves this machine is a notice.
 */
export function resolveBaseUrl(
  option: string | undefined,
  env: Environment,
): { readonly baseUrl: string; readonly notices: readonly LoggerNotice[] } {
  const source = option === undefined ? 'WANDB_BASE_URL' : 'baseUrl';
  const notices: LoggerNotice[] = [];
  const baseUrl = addressed(source, () =>
    checkedBaseUrl(option ?? variable(env, 'WANDB_BASE_URL') ?? CLOUD, (notice) => notices.push(notice)),
  );
  const { hostname, protocol } = new URL(baseUrl);
  const isCloud = hostname === 'wandb.ai' || hostname.endsWith('.wandb.ai');
  if (isCloud && !hostname.startsWith('api.')) {
    throw new TypeError(`${source} is not the address of a server's API: did you mean ${CLOUD}?`);
  }
  if (isCloud && protocol === 'http:') throw new TypeError(`${source} must be https there: ${CLOUD}`);
  return { baseUrl, notices };
}

function addressed(source: string, check: () => string): string {
  try {
    return check();
  } catch (error) {
    throw new TypeError((error as Error).message.replace('baseUrl', source));
  }
}
