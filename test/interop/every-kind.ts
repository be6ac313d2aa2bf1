import type { Kinds } from './kinds/kind.js';
import { mediaKinds } from './kinds/media-kinds.js';
import { numberKinds } from './kinds/number-kinds.js';
import { runKinds } from './kinds/run-kinds.js';

/** Every kind of summary that there is, by the name of its plugin. */
export const everyKind: Kinds = { ...numberKinds, ...mediaKinds, ...runKinds };
