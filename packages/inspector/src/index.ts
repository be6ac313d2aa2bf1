export type { CommandIo } from './command/command-io.js';
export { microbatch } from './command/microbatch.js';
