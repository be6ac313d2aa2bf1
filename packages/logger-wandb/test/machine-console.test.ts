import { afterEach, describe, expect, it } from 'vitest';
import { captureConsole, type OutputKind } from '../src/machine/console-capture.js';

type Write = typeof process.stdout.write;
type Call = readonly unknown[];

const atStart = { stdout: process.stdout.write, stderr: process.stderr.write };
const hadOwn = Object.hasOwn(process.stdout, 'write');

afterEach(() => {
  expect(process.stdout.write).toBe(atStart.stdout);
  expect(process.stderr.write).toBe(atStart.stderr);
  expect(Object.hasOwn(process.stdout, 'write')).toBe(hadOwn);
});

/** Runs `work` with outputs that keep what is written instead of showing it. */
function withOutputs(work: (calls: Record<OutputKind, Call[]>) => void, answer: () => boolean = () => true): void {
  const calls: Record<OutputKind, Call[]> = { stdout: [], stderr: [] };
  const restores = (['stdout', 'stderr'] as const).map((kind) => {
    const own = Object.getOwnPropertyDescriptor(process[kind], 'write');
    process[kind].write = ((...args: unknown[]) => {
      calls[kind].push(args);
      return answer();
    }) as Write;
    return () => {
      if (own === undefined) Reflect.deleteProperty(process[kind], 'write');
      else Object.defineProperty(process[kind], 'write', own);
    };
  });
  try {
    work(calls);
  } finally {
    for (const restore of restores) restore();
  }
}

function listener(): { texts: string[]; onText: (kind: OutputKind, text: string) => void } {
  const texts: string[] = [];
  return { texts, onText: (kind, text) => texts.push(`${kind} ${text}`) };
}

describe('captured output', () => {
  it('is told in order, after it was printed as it was given', () => {
    withOutputs((calls) => {
      const { texts, onText } = listener();
      const printed: number[] = [];
      const end = captureConsole((kind, text) => {
        printed.push(calls.stdout.length + calls.stderr.length);
        onText(kind, text);
      });
      const done = () => {};
      const bytes = Buffer.from('b');
      process.stdout.write('a', done);
      process.stderr.write(bytes, done);
      process.stdout.write('63', 'hex', done);
      process.stdout.write('d', 'utf8');
      end();
      process.stdout.write('e');
      expect(texts).toEqual(['stdout a', 'stderr b', 'stdout c', 'stdout d']);
      expect(printed).toEqual([1, 2, 3, 4]);
      expect(calls).toEqual({
        stdout: [['a', done], ['63', 'hex', done], ['d', 'utf8'], ['e']],
        stderr: [[bytes, done]],
      });
      expect(calls.stderr[0]![0]).toBe(bytes);
    });
  });

  it.each([true, false])('leaves the answer %s as it is', (answer) => {
    withOutputs(
      () => {
        const end = captureConsole(() => {});
        expect(process.stdout.write('x')).toBe(answer);
        end();
      },
      () => answer,
    );
  });

  it('leaves an error as it is, and does not tell what was not printed', () => {
    const { texts, onText } = listener();
    const failing = () => {
      throw new RangeError('broken pipe');
    };
    withOutputs(() => {
      const end = captureConsole(onText);
      expect(() => process.stdout.write('x')).toThrow(RangeError);
      end();
    }, failing);
    expect(texts).toEqual([]);
  });

  it('is whole where writes split a character, byte by byte, in each output for itself', () => {
    withOutputs(() => {
      const { texts, onText } = listener();
      const end = captureConsole(onText);
      for (const byte of Buffer.from('é日🎈')) {
        process.stdout.write(Uint8Array.of(byte));
        process.stderr.write('.');
      }
      process.stdout.write(Buffer.from('é').subarray(0, 1));
      process.stdout.write('x');
      process.stdout.write(Buffer.from('é').subarray(0, 1));
      end();
      const stdout = texts.filter((text) => text.startsWith('stdout ')).map((text) => text.slice(7));
      expect(stdout).toEqual(['é', '日', '🎈', '\ufffdx', '\ufffd']);
    });
  });

  it('does not hold what a listener prints, for none of the listeners', () => {
    withOutputs((calls) => {
      const [one, two] = [listener(), listener()];
      const ends = [one, two].map(({ onText }) =>
        captureConsole((kind, text) => {
          process.stderr.write('told');
          onText(kind, text);
        }),
      );
      process.stdout.write('x');
      for (const end of ends) end();
      expect(one.texts).toEqual(['stdout x']);
      expect(two.texts).toEqual(['stdout x']);
      expect(calls.stderr).toEqual([['told'], ['told']]);
    });
  });

  it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 0, 2]], [[1, 2, 0]]])(
    'goes to several captures, which end in the order %j and leave nothing',
    (order) => {
      withOutputs((calls) => {
        const before = process.stdout.write;
        const listeners = [listener(), listener(), listener()];
        const ends = listeners.map(({ onText }) => captureConsole(onText));
        order.forEach((at, turn) => {
          process.stdout.write(String(turn));
          ends[at]!();
        });
        process.stdout.write('last');
        order.forEach((at, turn) => {
          const told = Array.from({ length: turn + 1 }, (_, earlier) => `stdout ${earlier}`);
          expect(listeners[at]!.texts).toEqual(told);
        });
        expect(calls.stdout).toEqual([['0'], ['1'], ['2'], ['last']]);
        expect(process.stdout.write).toBe(before);
      });
    },
  );

  it('leaves no function on a stream that had none of its own', () => {
    withOutputs(() => {
      Reflect.deleteProperty(process.stdout, 'write');
      const ends = [captureConsole(() => {}), captureConsole(() => {})];
      expect(Object.hasOwn(process.stdout, 'write')).toBe(true);
      for (const end of ends) end();
      expect(Object.hasOwn(process.stdout, 'write')).toBe(false);
    });
  });

  it("leaves another's function where it stands, on top or between, and ends twice without harm", () => {
    withOutputs((calls) => {
      const [one, two] = [listener(), listener()];
      const endOne = captureConsole(one.onText);
      const below = process.stdout.write;
      const others = ((...args: Parameters<Write>) => Reflect.apply(below, process.stdout, args)) as Write;
      process.stdout.write = others;
      endOne();
      endOne();
      expect(process.stdout.write).toBe(others);
      const endTwo = captureConsole(two.onText);
      process.stdout.write('x');
      endTwo();
      expect(process.stdout.write).toBe(others);
      expect([one.texts, two.texts]).toEqual([[], ['stdout x']]);
      expect(calls.stdout).toEqual([['x']]);
    });
  });

  it('ends where its listener fails, which no print feels', () => {
    withOutputs((calls) => {
      const errors: unknown[] = [];
      let told = 0;
      const failure = new Error('full');
      const end = captureConsole(
        () => {
          told++;
          throw failure;
        },
        (error) => errors.push(error),
      );
      process.stdout.write('a');
      process.stdout.write('b');
      end();
      expect(calls.stdout).toEqual([['a'], ['b']]);
      expect([told, errors]).toEqual([1, [failure]]);
    });
  });
});
