const FIRST_CAPACITY = 64;
/** Doubling a long column would hold three times its bytes for a moment. */
const DOUBLE_UP_TO = 1 << 20;

/** A growing column of doubles; read `values` up to `length` only. */
export class NumberColumn {
  values: Float64Array = new Float64Array(FIRST_CAPACITY);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, Float64Array);
    this.values[this.length++] = value;
  }
}

/** A growing column of row numbers. */
export class IndexColumn {
  values: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, Uint32Array);
    this.values[this.length++] = value;
  }
}

function grown<A extends Float64Array | Uint32Array>(values: A, Type: new (length: number) => A): A {
  const { length } = values;
  const larger = new Type(length < DOUBLE_UP_TO ? length * 2 : Math.ceil(length * 1.5));
  larger.set(values);
  return larger;
}
