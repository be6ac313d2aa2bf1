import type { Sink } from '../logger/sink.js';
import type { TrainEvent } from '../logger/train-event.js';

/** The operations that a fault can be put into. */
export type FaultyOperation = 'open' | 'write' | 'flush' | 'close';

/** How an operation fails: at once, by its promise, or by never answering. */
export type Fault = 'throws' | 'rejects' | 'hangs';

/** What `faultySink` throws and rejects with. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/**
 * The sink with one operation that fails before the sink learns of it; `write` fails from the third micro-batch on,
 * together with what stands in one batch with it.
 */
export function faultySink(sink: Sink, operation: FaultyOperation, fault: Fault): Sink {
  if (operation !== 'write') return { ...forwarding(sink), [operation]: () => failAs(fault, operation) };
  const write = (events: readonly TrainEvent[]) =>
    events.some(({ microStep }) => microStep >= 3) ? failAs(fault, operation) : sink.write(events);
  return { ...forwarding(sink), write };
}

/** The sink with one operation that begins only when `gate` resolves. */
export function slowSink(sink: Sink, operation: FaultyOperation, gate: Promise<void>): Sink {
  return { ...forwarding(sink), [operation]: (argument: never) => gate.then(() => sink[operation](argument)) };
}

function forwarding(sink: Sink): Sink {
  return {
    name: sink.name,
    supports: sink.supports,
    open: (run) => sink.open(run),
    write: (events) => sink.write(events),
    flush: () => sink.flush(),
    close: (outcome) => sink.close(outcome),
    exitSync: (outcome, exitCode) => sink.exitSync?.(outcome, exitCode),
  };
}

function failAs(fault: Fault, operation: FaultyOperation): Promise<void> {
  const error = new InjectedFault(`${operation} was made to fail`);
  if (fault === 'throws') throw error;
  return fault === 'rejects' ? Promise.reject(error) : new Promise(() => {});
}
