import type { NoiseScale, NoiseScaleState } from '../noise-scale.js';
import { restorable } from './restorable.js';
import type { StatefulPart } from './stateful-part.js';

/** The averages of noise and signal, and what the open window has so far. */
export function noiseScalePart(noiseScale: NoiseScale): StatefulPart {
  return restorable('noiseScale', {
    save: () => ({ data: noiseScale.state() }),
    restore: ({ data }) => noiseScale.restore(data as NoiseScaleState),
  });
}
