/** A count and what is counted, in the number that fits it: 1 row, 2,000 rows. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
