import { type Requester, RequestFailed } from './requester.js';

/**
 * Asks a server's GraphQL interface; `T` is what the answer holds as `data`. Throws as `Requester.send` does, and
 * `RequestFailed` where the answer holds errors or no data.
 */
export type Graphql = <T>(
  operationName: string,
  query: string,
  variables: object,
  tries?: { readonly maxRetries?: number; readonly retriedStatuses?: readonly number[] },
) => Promise<T>;

export const REQUEST_LIMIT_MS = 180_000;

/** The GraphQL interface of the server at `baseUrl`, which has no slash at its end. */
export function createGraphql(baseUrl: string, requester: Requester): Graphql {
  return async <T>(operationName: string, query: string, variables: object, tries = {}): Promise<T> => {
    const body = JSON.stringify({ query, variables, operationName });
    const answer = (await requester.send({
      what: `${operationName} at ${baseUrl}`,
      method: 'POST',
      url: `${baseUrl}/graphql`,
      headers: { 'content-type': 'application/json' },
      body: () => body,
      withKey: true,
      limitMs: REQUEST_LIMIT_MS,
      answer: 'json',
      ...tries,
    })) as { data?: T | null; errors?: unknown };
    const refused = (reason: string) =>
      new RequestFailed('upload-refused', `${operationName} at ${baseUrl} failed: ${reason}`, { isAmbiguous: false });
    const { data, errors } = answer;
    if (Array.isArray(errors) && errors.length > 0) {
      throw refused(requester.quote(errors.map((error) => error?.message).join('; ')));
    }
    if (data == null) throw refused('the answer holds no data');
    return data;
  };
}
