import type { Accumulator } from '@microbatch/core';

/** Something to tell the user of a run; `code` is stable kebab-case. */
export type Diagnostic = Readonly<Parameters<Accumulator['diagnose']>[0]>;
