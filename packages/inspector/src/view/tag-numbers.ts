/** Numbers for tags, which may be longer than a URL; each stays its tag's. */
export interface TagNumbers {
  readonly tags: readonly string[];
  of(tag: string): number;
}

export function createTagNumbers(): TagNumbers {
  const tags: string[] = [];
  const numbers = new Map<string, number>();
  return {
    tags,
    of(tag) {
      let number = numbers.get(tag);
      if (number === undefined) {
        number = tags.push(tag) - 1;
        numbers.set(tag, number);
      }
      return number;
    },
  };
}
