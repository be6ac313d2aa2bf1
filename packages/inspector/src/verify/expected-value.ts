import type { LogValue } from '@microbatch/core/logger';

/** What a backend has to show of a value: a number or a text as it is, of anything else what it is. */
export type ExpectedValue = number | string | { readonly kind: 'histogram' | 'image' | 'table' };

/** Undefined for what has no kind: loggers leave it out. */
export function expectedValue(value: LogValue): ExpectedValue | undefined {
  if (typeof value === 'number' || typeof value === 'string') return value;
  switch (value?.kind) {
    case 'text':
      return value.text;
    case 'histogram':
    case 'image':
    case 'table':
      return { kind: value.kind };
    default:
      return undefined;
  }
}

/** A value as findings name it: of what is neither a number nor a text, the kind. */
export function describe(value: ExpectedValue): number | string {
  return typeof value === 'object' ? `of kind ${value.kind}` : value;
}
