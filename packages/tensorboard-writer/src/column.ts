/** A growing column of doubles. */
export class Column {
  #values = new Float64Array(64);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** A copy of exactly what was pushed. */
  toArray(): Float64Array {
    return this.#values.slice(0, this.#length);
  }
}
