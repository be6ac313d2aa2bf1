/** Something that fastxtend does otherwise, on purpose here. */
export interface Difference {
  readonly title: string;
  /** The recording that shows it. */
  readonly trace: string;
  /** Computes from the recording, and from what we do in its place, what it shows. Throws where it does not. */
  readonly shown: () => string;
  readonly why: string;
}

/** A number as the page prints it. */
export function short(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}
