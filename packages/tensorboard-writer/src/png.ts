const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const IHDR = Uint8Array.of(0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52);
// Signature (8), length and name (8), header (13), CRC (4).
const SMALLEST = 33;
/** What the PNG specification allows a width or a height to be. */
export const LARGEST_SIDE: number = 2 ** 31 - 1;

/** The size of a PNG file in pixels. Throws a `RangeError` where `png` is none. */
export function readPngSize(name: string, png: Uint8Array): { width: number; height: number } {
  // FORMAT: signature, then the header chunk: u32 length (13), "IHDR", u32 width, u32 height, …; big-endian.
  if (png.length < SMALLEST || !startsWith(png, SIGNATURE, 0) || !startsWith(png, IHDR, SIGNATURE.length)) {
    const head = Buffer.from(png.subarray(0, 8)).toString('hex');
    throw new RangeError(
      `${name} must be a PNG file, not ${png.length} bytes that begin with 0x${head}; pixels need a shape: { shape, data }`,
    );
  }
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  if (width === 0 || height === 0 || width > LARGEST_SIDE || height > LARGEST_SIDE) {
    throw new RangeError(`${name} must be a PNG file of 1 to 2^31 - 1 pixels a side, not ${width} x ${height}`);
  }
  return { width, height };
}

function startsWith(bytes: Uint8Array, start: Uint8Array, at: number): boolean {
  return start.every((byte, i) => bytes[at + i] === byte);
}
