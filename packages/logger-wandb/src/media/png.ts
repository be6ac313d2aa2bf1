const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
// Signature, then the first chunk: length u32 BE, "IHDR", width u32 BE, height u32 BE.
const TYPE_AT = 12;
const WIDTH_AT = 16;
const HEIGHT_AT = 20;
const HEADER_BYTES = 24;

/** How large a PNG says it is, in pixels. Throws a `TypeError` where the bytes are no PNG. */
export function pngSize(png: unknown): { readonly width: number; readonly height: number } {
  if (!(png instanceof Uint8Array)) throw new TypeError("an image needs a PNG's bytes as a Uint8Array");
  const bytes = Buffer.from(png.buffer, png.byteOffset, Math.min(png.length, HEADER_BYTES));
  const isPng =
    bytes.length === HEADER_BYTES &&
    bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE) &&
    bytes.toString('latin1', TYPE_AT, WIDTH_AT) === 'IHDR';
  if (!isPng) throw new TypeError(`the image is no PNG: its ${png.length} bytes do not begin as one`);
  return { width: bytes.readUInt32BE(WIDTH_AT), height: bytes.readUInt32BE(HEIGHT_AT) };
}
