/** Numbers that grow to any length, 8 bytes each. */
export interface Column {
  readonly length: number;
  push(value: number): void;
  /** NaN beyond its ends. */
  at(index: number): number;
  set(index: number, value: number): void;
}

export function createColumn(): Column {
  let values = new Float64Array(64);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === values.length) {
        const larger = new Float64Array(2 * length);
        larger.set(values);
        values = larger;
      }
      values[length] = value;
      length += 1;
    },
    at: (index) => (index < length ? (values[index] ?? Number.NaN) : Number.NaN),
    set(index, value) {
      values[index] = value;
    },
  };
}
