import * as tf from '@tensorflow/tfjs';
import type { EarlyStopping, EarlyStoppingState } from '../early-stopping.js';
import { restorable } from './restorable.js';
import type { StatefulPart } from './stateful-part.js';

/** The best value so far and its weights. */
export function earlyStoppingPart(earlyStopping: EarlyStopping): StatefulPart {
  return restorable('earlyStopping', {
    save() {
      const { state, tensors } = earlyStopping.snapshot();
      // By position: variables may share a name.
      return { data: state, tensors: Object.fromEntries(tensors.map(({ tensor }, position) => [position, tensor])) };
    },
    restore({ data, tensors }) {
      const named = Object.entries(tensors).map(([name, tensor]) => ({ name, tensor }));
      try {
        earlyStopping.restore({ state: data as EarlyStoppingState, tensors: named });
      } finally {
        tf.dispose(tensors);
      }
    },
  });
}
