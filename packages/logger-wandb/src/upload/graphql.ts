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
    const text = await requester.send({
      what: `${operationName} at ${baseUrl}`,
      method: 'POST',
      url: `${baseUrl}/graphql`,
      headers: { 'content-type': 'application/json' },
      body: () => body,
      withKey: true,
      limitMs: REQUEST_LIMIT_MS,
      needsBody: true,
      ...tries,
    });
    const refused = (reason: string) =>
      new RequestFailed('upload-refused', `${operationName} at ${baseUrl} failed: ${reason}`, { isAmbiguous: false });
    let answer: { data?: T; errors?: readonly { message?: string }[] } | null;
    try {
      answer = JSON.parse(text);
    } catch {
      throw refused('the answer is no JSON');
    }
    if (answer?.errors?.length) throw refused(answer.errors.map(({ message }) => message).join('; '));
    if (answer?.data == null) throw refused('the answer holds no data');
    return answer.data;
  };
}
