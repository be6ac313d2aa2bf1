/** The backends that can be chosen. */
export const backendNames = ['wasm', 'cpu', 'node'] as const;

/** What computes: WebAssembly, plain JavaScript, or TensorFlow's C library through @tensorflow/tfjs-node. */
export type BackendName = (typeof backendNames)[number];
