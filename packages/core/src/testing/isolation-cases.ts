import { from, Observable } from 'rxjs';
import { defineLogger, type LoggerOptions } from '../logger/define-logger.js';
import type { Receipt } from '../logger/logger.js';
import { memory } from '../logger/memory.js';
import type { Sink } from '../logger/sink.js';
import type { DiagnosticEvent, TrainEvent } from '../logger/train-event.js';
import { record } from '../record/record.js';
import { check, checkSame } from './assertions.js';
import type { ConformanceCase, ConformanceOptions, ConformanceSubject } from './conformance-case.js';
import { type Fault, type FaultyOperation, faultySink, slowSink } from './faulty-sink.js';
import { recordedLosses, sampleRun } from './sample-run.js';
import { checkLosses } from './sink-steps.js';
import { macrotask } from './unhandled-rejections.js';

const EVENTS = sampleRun();
const OPERATIONS: readonly FaultyOperation[] = ['open', 'write', 'flush', 'close'];
const FAULTS: readonly Fault[] = ['throws', 'rejects', 'hangs'];

// Short, since each case of a hanging sink waits for it. A sound operation that takes longer fails the same way.
const GIVE_UP_MS = 20;

/** The sink in `defineLogger()` and `record()`, sound and with faults, beside a logger that must not notice. */
export function isolationCases(options: ConformanceOptions): ConformanceCase[] {
  const cases: ConformanceCase[] = [];

  function add(name: string, body: (subject: ConformanceSubject) => Promise<void>): void {
    cases.push({ name: `record: ${name}`, run: async () => body(await options.create()) });
  }

  for (const logAccumBatch of [true, false]) {
    add(`a whole run, logAccumBatch ${logAccumBatch}`, async (subject) => {
      const events = sampleRun({ logAccumBatch });
      const { receipt } = await recordBeside(subject.sink, from(events), events);
      checkAllWritten(receipt, events);
      await checkLosses(subject, events, options, 'of the recorded run');
    });
  }

  add('a source that fails', async (subject) => {
    const begun = EVENTS.slice(0, 12);
    const source = new Observable<TrainEvent>((subscriber) => {
      for (const event of begun) subscriber.next(event);
      subscriber.error(new Error('training failed'));
    });
    const { receipt } = await recordBeside(subject.sink, source, begun);
    checkAllWritten(receipt, begun);
    await checkLosses(subject, begun, options, 'of a source that failed');
  });

  for (const operation of OPERATIONS) {
    add(`slow ${operation}`, async (subject) => {
      const gate = openableGate();
      let done = false;
      const recording = recordBeside(slowSink(subject.sink, operation, gate.opened), from(EVENTS), EVENTS);
      recording.then(
        () => (done = true),
        () => {},
      );
      await macrotask();
      check(!done, `record() resolves before ${operation} is done`);
      gate.open();
      checkAllWritten((await recording).receipt, EVENTS);
      await checkLosses(subject, EVENTS, options, `behind a slow ${operation}`);
    });

    for (const fault of FAULTS) {
      add(`${operation} ${fault}`, async (subject) => {
        const sink = faultySink(subject.sink, operation, fault);
        const limits = fault === 'hangs' ? { timeoutMs: GIVE_UP_MS } : {};
        const { receipt, codes } = await recordBeside(sink, from(EVENTS), EVENTS, limits);
        const code = fault === 'hangs' ? 'timeout' : `${operation}-failed`;
        check(
          receipt.errors.some((error) => error.code === code),
          `the receipt lacks an error ${code}`,
        );
        check(codes.includes('logger-failed'), `no diagnostic tells of the failure, but ${codes}`);
        // The base could not, where closing is what fails.
        await subject.sink.close('failed');
        // A sink that was never opened has no place to read.
        if (fault !== 'hangs' && operation !== 'open')
          await checkFirstLosses(subject, operation === 'flush' || operation === 'close');
      });
    }
  }

  add('a queue that overflows', async (subject) => {
    const gate = openableGate();
    const sink = slowSink(subject.sink, 'write', gate.opened);
    const recording = recordBeside(sink, from(EVENTS), EVENTS, { maxQueued: 12 });
    gate.open();
    const { receipt } = await recording;
    check((receipt.dropped['queue-full'] ?? 0) > 0, 'drops nothing from a queue of 12');
    await checkFirstLosses(subject, false);
  });

  for (const count of [0, 1, 9, EVENTS.length]) {
    add(`the process goes after ${count} events`, async (subject) => {
      const session = defineLogger(subject.sink).attach(() => {});
      for (const event of EVENTS.slice(0, count)) session.next(event);
      await macrotask();
      session.exitSync('stopped');
      session.exitSync('stopped');
      const receipt = await session.finish('stopped');
      checkBalance(receipt);
      checkSame(receipt.received, count, 'received');
      const exits = subject.sink.exitSync !== undefined;
      if (count > 0 && !exits) await subject.sink.close('stopped');
      if (count > 0 && exits && receipt.written === count) {
        await checkLosses(subject, EVENTS.slice(0, count), options, 'after the exit');
      }
    });
  }

  async function checkFirstLosses({ read }: ConformanceSubject, all: boolean): Promise<void> {
    const { losses } = await read();
    const expected = recordedLosses(EVENTS);
    checkSame(losses, expected.slice(0, all ? expected.length : losses.length), 'losses', options.tolerance);
  }

  return cases;
}

interface Recorded {
  readonly receipt: Receipt;
  /** Of the diagnostics that the user was told. */
  readonly codes: readonly string[];
}

/** Records `events` to the sink with a memory logger beside it, which must get them all; checks both receipts. */
async function recordBeside(
  sink: Sink,
  source: Observable<TrainEvent>,
  events: readonly TrainEvent[],
  options: LoggerOptions = {},
): Promise<Recorded> {
  const beside = memory();
  const told: DiagnosticEvent[] = [];
  const loggers = [defineLogger(sink, options), beside];
  const receipts = await record(source, loggers, { onDiagnostic: (diagnostic) => told.push(diagnostic) });
  const [receipt, besides] = receipts as [Receipt, Receipt];
  receipts.forEach(checkBalance);
  checkSame(besides.dropped, {}, 'dropped by the logger beside it');
  const ofSource = new Set(events);
  const kept = beside.events.filter((event) => ofSource.has(event));
  check(
    kept.length === events.length && kept.every((event, at) => event === events[at]),
    `the logger beside it gets ${kept.length} of ${events.length} events, or in another order`,
  );
  return { receipt, codes: told.map((diagnostic) => diagnostic.code) };
}

function checkBalance({ logger, received, written, dropped }: Receipt): void {
  const lost = Object.values(dropped).reduce((total, count) => total + count, 0);
  check(received === written + lost, `${logger} received ${received} events, wrote ${written} and dropped ${lost}`);
}

function checkAllWritten({ received, written, dropped, errors }: Receipt, events: readonly TrainEvent[]): void {
  check(errors.length === 0, `fails with ${errors[0]}`);
  checkSame(dropped, {}, 'dropped');
  checkSame({ received, written }, { received: events.length, written: events.length }, 'the receipt');
}

function openableGate(): { opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
