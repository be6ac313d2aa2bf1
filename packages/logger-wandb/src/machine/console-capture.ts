import { StringDecoder } from 'node:string_decoder';

/** Which of the process's two outputs. */
export type OutputKind = 'stdout' | 'stderr';

type Write = NodeJS.WriteStream['write'];

/** One capture's place in the chain of functions that stand for a stream's `write`. */
interface Link {
  isActive: boolean;
  /** The `write` that the stream had of its own; absent where its class's own was in force. */
  readonly ownBefore: Write | undefined;
}

const links = new WeakMap<Write, Link>();
/** What a listener prints is passed on and not captured, by no capture: each would tell the other for ever. */
let isTelling = false;

/**
 * Tells `onText` of all that this process prints from now on, as text, after it was printed. Everything passes through as
 * it is: arguments, results, errors. A character that two writes split is told when it is whole. What `onText` prints is
 * not captured; what it throws ends this capture of that output, and goes to `onError`. Returns what ends the capture; it
 * tells what is left of a split character as U+FFFD.
 */
export function captureConsole(
  onText: (kind: OutputKind, text: string) => void,
  onError: (error: unknown) => void = () => {},
): () => void {
  const releases = (['stdout', 'stderr'] as const).map((kind) =>
    captureStream(process[kind], (text) => onText(kind, text), onError),
  );
  return () => {
    for (const release of releases) release();
  };
}

function captureStream(
  stream: NodeJS.WriteStream,
  onText: (text: string) => void,
  onError: (error: unknown) => void,
): () => void {
  const decoder = new StringDecoder('utf8');
  const below = stream.write;
  const link: Link = { isActive: true, ownBefore: Object.hasOwn(stream, 'write') ? below : undefined };

  function tell(text: string): void {
    if (text === '') return;
    isTelling = true;
    try {
      onText(text);
    } catch (error) {
      link.isActive = false;
      onError(error);
    } finally {
      isTelling = false;
    }
  }

  const write = function (this: unknown, ...args: Parameters<Write>): boolean {
    const result = Reflect.apply(below, this, args);
    if (link.isActive && !isTelling) tell(textOf(args[0], args[1], decoder));
    return result;
  } as Write;
  links.set(write, link);
  stream.write = write;

  return () => {
    if (link.isActive) tell(decoder.end());
    link.isActive = false;
    // Another may have put its own function on top, which calls this one: then it stays, and only passes on.
    while (links.get(stream.write)?.isActive === false) {
      const before = links.get(stream.write)!.ownBefore;
      if (before === undefined) Reflect.deleteProperty(stream, 'write');
      else stream.write = before;
    }
  };
}

function textOf(chunk: unknown, encoding: unknown, decoder: StringDecoder): string {
  if (typeof chunk !== 'string') return decoder.write(chunk as Buffer);
  const isBytes = typeof encoding === 'string' && !/^utf-?8$/i.test(encoding);
  if (isBytes) return decoder.write(Buffer.from(chunk, encoding as BufferEncoding));
  return decoder.end() + chunk;
}
