export { checkGrammar, type GrammarOptions } from './check-grammar.js';
export type { ConformanceCase, ConformanceOptions, ConformanceSubject, ReadBack } from './conformance-case.js';
export { type Fault, type FaultyOperation, faultySink, InjectedFault, slowSink } from './faulty-sink.js';
export { firstUnfrozen } from './first-unfrozen.js';
export { readEvents } from './read-events.js';
export { recordedLosses, type SampleRunOptions, sampleRun } from './sample-run.js';
export { type SampleValues, sampleValues } from './sample-values.js';
export { sinkConformance } from './sink-conformance.js';
export type { MicroBatchCounts } from './window-ledger.js';
