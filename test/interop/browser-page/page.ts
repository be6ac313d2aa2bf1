import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type SmallTraining, trainSmall } from './small-training.js';

declare global {
  interface Window {
    /** Trains in this page; undefined where the browser has no such backend. */
    trainOn(backend: string): Promise<SmallTraining | undefined>;
  }
}

tf.enableProdMode();
setWasmPaths('/wasm/');

window.trainOn = async (backend) => ((await tf.setBackend(backend)) ? trainSmall() : undefined);
