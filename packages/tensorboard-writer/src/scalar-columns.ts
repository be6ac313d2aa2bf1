import { Column } from './column.js';
import { decodeScalarTensor } from './decode-scalar-tensor.js';
import type { PluginOwned } from './event.js';
import { decodePlugin, type PluginOfTag, pluginOf } from './plugin-of-tag.js';
import { TagTable } from './tag-table.js';
import { WireReader } from './wire.js';

/** The points of one tag. */
export interface SeriesColumns {
  readonly steps: Column;
  readonly values: Column;
  readonly wallTimes: Column;
}

/** Collects a run's scalars without an object for any of them. */
export class ScalarColumns {
  readonly byTag: Map<string, SeriesColumns> = new Map();
  /** Points left out because their step is beyond ±(2^53 - 1). */
  unsafeSteps = 0;
  readonly #plugins: PluginOfTag = new Map();
  readonly #table: TagTable<SeriesColumns> = new TagTable((tag) => this.#columnsOf(tag));

  /** Adds the scalars of `bytes[start, end)`, an Event message (FORMAT: `encode-event.ts`). Throws a `MalformedError`. */
  add(bytes: Buffer, view: DataView, start: number, end: number): void {
    if (!this.#addPlain(bytes, view, start, end)) this.#addEvent(bytes, start, end);
  }

  /**
   * The one form in which PyTorch's writer and ours store a scalar, with all lengths below 128; false for any other.
   * 09 wall_time   10 step   2a length   0a length   0a length tag   15 simple_value
   */
  #addPlain(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    if (end - start < 22 || bytes[start] !== 0x09) return false;
    let at = start + 9;
    let step = 0;
    if (bytes[at] === 0x10) {
      let scale = 1;
      let byte: number;
      do {
        byte = bytes[++at]!;
        step += (byte & 0x7f) * scale;
        scale *= 128;
        // Seven bytes hold 49 bits.
        if (scale > 2 ** 49) return false;
      } while (byte >= 0x80);
      at++;
    }
    const rest = end - at;
    if (rest < 13 || bytes[at] !== 0x2a || bytes[at + 1] !== rest - 2 || bytes[at + 1]! >= 0x80) return false;
    if (bytes[at + 2] !== 0x0a || bytes[at + 3] !== rest - 4) return false;
    if (bytes[at + 4] !== 0x0a || bytes[at + 5] !== rest - 11 || bytes[end - 5] !== 0x15) return false;
    const { steps, values, wallTimes } = this.#table.get(bytes, at + 6, end - 5);
    steps.push(step);
    values.push(view.getFloat32(end - 4, true));
    wallTimes.push(view.getFloat64(start + 1, true));
    return true;
  }

  #addEvent(bytes: Buffer, start: number, end: number): void {
    const wire = new WireReader(bytes, start, end);
    let wallTime = 0;
    let step: number | bigint = 0;
    let summary: { readonly from: number; readonly to: number } | undefined;
    while (wire.next()) {
      if (wire.is(1, 1)) wallTime = wire.double();
      else if (wire.is(2, 0)) step = wire.int64();
      else if (wire.is(5, 2)) summary = { from: wire.message(), to: wire.at };
      else wire.skip();
    }
    if (summary === undefined) return;
    const values = new WireReader(bytes, summary.from, summary.to);
    while (values.next()) {
      if (values.is(1, 2)) this.#addValue(bytes, values.message(), values.at, step, wallTime);
      else values.skip();
    }
  }

  #addValue(bytes: Buffer, start: number, end: number, step: number | bigint, wallTime: number): void {
    const wire = new WireReader(bytes, start, end);
    let tag = '';
    let simple: number | undefined;
    let tensor: { readonly from: number; readonly to: number } | undefined;
    let own: PluginOwned | undefined;
    while (wire.next()) {
      if (wire.is(1, 2)) tag = wire.string();
      else if (wire.is(2, 5)) simple = wire.float();
      else if (wire.is(8, 2)) tensor = { from: wire.message(), to: wire.at };
      else if (wire.is(9, 2)) own = decodePlugin(bytes, wire.message(), wire.at);
      else wire.skip();
    }
    const { plugin } = pluginOf(tag, own, this.#plugins);
    if (simple === undefined && plugin === 'scalars' && tensor !== undefined) {
      simple = decodeScalarTensor(bytes, tensor.from, tensor.to);
    }
    if (simple === undefined) return;
    if (typeof step === 'bigint') {
      this.unsafeSteps++;
      return;
    }
    const columns = this.#columnsOf(tag);
    columns.steps.push(step);
    columns.values.push(simple);
    columns.wallTimes.push(wallTime);
  }

  #columnsOf(tag: string): SeriesColumns {
    let columns = this.byTag.get(tag);
    if (columns === undefined) {
      columns = { steps: new Column(), values: new Column(), wallTimes: new Column() };
      this.byTag.set(tag, columns);
    }
    return columns;
  }
}
