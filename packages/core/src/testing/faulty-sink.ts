import type { Sink } from '../logger/sink.js';

/** The operations that a fault can be put into. */
export type FaultyOperation = 'open' | 'write' | 'flush' | 'close';

/** How an operation fails: at once, by its promise, or by never answering. */
export type Fault = 'throws' | 'rejects' | 'hangs';

/** What `faultySink` throws and rejects with. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** The sink with one operation that fails before the sink learns of it; `write` takes `goodWrites` batches first. */
export function faultySink(sink: Sink, operation: FaultyOperation, fault: Fault, goodWrites = 4): Sink {
  let calls = 0;
  return wrap(sink, operation, (run) => {
    calls += 1;
    return operation === 'write' && calls <= goodWrites ? run() : failAs(fault, operation);
  });
}

/** The sink with one operation that begins only when `gate` resolves. */
export function slowSink(sink: Sink, operation: FaultyOperation, gate: Promise<void>): Sink {
  return wrap(sink, operation, (run) => gate.then(run));
}

function wrap(
  sink: Sink,
  operation: FaultyOperation,
  around: (run: () => void | Promise<void>) => void | Promise<void>,
): Sink {
  return {
    name: sink.name,
    supports: sink.supports,
    open: (run) => sink.open(run),
    write: (events) => sink.write(events),
    flush: () => sink.flush(),
    close: (outcome) => sink.close(outcome),
    exitSync: (outcome) => sink.exitSync?.(outcome),
    [operation]: (argument: never) => around(() => sink[operation](argument)),
  };
}

function failAs(fault: Fault, operation: FaultyOperation): Promise<void> {
  const error = new InjectedFault(`${operation} was made to fail`);
  if (fault === 'throws') throw error;
  return fault === 'rejects' ? Promise.reject(error) : new Promise(() => {});
}
