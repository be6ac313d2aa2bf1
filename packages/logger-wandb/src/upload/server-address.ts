import type { LoggerNotice } from '@microbatch/core/logger';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * A server's address without what does not belong there. `onNotice` is told of a plain-http one that leaves this machine: for
 * whoever takes the address from the user, and nobody further in, so that it is told once.
 */
export function checkedBaseUrl(baseUrl: string, onNotice: (notice: LoggerNotice) => void = () => {}): string {
  const url = typeof baseUrl === 'string' && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  // The value could hold a password: it is not repeated.
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError('baseUrl must be an http or https URL, as https://api.wandb.ai');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError("baseUrl can't hold a user, password, query or fragment");
  }
  const address = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    const message = `${address} is not encrypted: the key and the run can be read on the way; use https`;
    onNotice({ level: 'warn', code: 'plain-http', message });
  }
  return address;
}

/** Refuses a key that no header can hold, without repeating it. */
export function checkedApiKey(apiKey: string): string {
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new TypeError('apiKey must be a string of visible ASCII characters that is not empty');
  }
  return apiKey;
}

/** Where a browser shows a run. */
export function runUrl(baseUrl: string, run: { entity: string; project: string; runId: string }): string {
  const app = baseUrl.replace(/^https:\/\/api\.wandb\.ai/, 'https://wandb.ai').replace('://api.', '://app.');
  const [entity, project, id] = [run.entity, run.project, run.runId].map(encodeURIComponent);
  return `${app}/${entity}/${project}/runs/${id}`;
}
