type Crc32 = (bytes: Uint8Array, before?: number) => number;

interface NodeProcess {
  getBuiltinModule?(name: string): { readonly crc32?: Crc32 } | undefined;
}

// Five times as fast, and no import that a browser's bundler would follow.
const native = (globalThis as { process?: NodeProcess }).process?.getBuiltinModule?.('node:zlib')?.crc32;

/** CRC-32 as zlib and Python's `zlib.crc32` compute it. `before` is that of what goes before `bytes`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return native === undefined ? portableCrc32(bytes, before) : native(bytes, before);
}

let tables: readonly Int32Array[] | undefined;

/**
 * The same in JavaScript, eight bytes at a time (Kounavis and Berry, "A systematic approach to building high performance
 * software-based CRC generators", 2005).
 */
export function portableCrc32(bytes: Uint8Array, before = 0): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t7![crc & 0xff]! ^
      t6![(crc >>> 8) & 0xff]! ^
      t5![(crc >>> 16) & 0xff]! ^
      t4![crc >>> 24]! ^
      t3![bytes[at + 4]!]! ^
      t2![bytes[at + 5]!]! ^
      t1![bytes[at + 6]!]! ^
      t0![bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = t0![(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  const tables = [first];
  for (let table = 1; table < 8; table++) {
    tables.push(tables[table - 1]!.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)));
  }
  return tables;
}
