import { WireReader } from './wire.js';

const DT_FLOAT = 1;
const DT_DOUBLE = 2;

/**
 * The one number of a TensorProto, or undefined where it holds no number, several, or another type. Throws a `MalformedError`.
 * `decodeTensor` would find the same, but makes objects and arrays of it: `readScalars` would take 40 % longer.
 *
 * FORMAT (tensorflow/core/framework/tensor.proto): 08 dtype   12 length shape   22 length content (little endian)   2a length floats   32 length doubles
 */
export function decodeScalarTensor(bytes: Buffer, start: number, end: number): number | undefined {
  const wire = new WireReader(bytes, start, end);
  let dtype = 0;
  let number: { readonly size: 4 | 8; readonly at: number } | undefined;
  while (wire.next()) {
    if (wire.is(1, 0)) {
      dtype = wire.uint32();
    } else if (wire.wireType === 2 && (wire.field === 4 || wire.field === 5 || wire.field === 6)) {
      const at = wire.message();
      const size = wire.at - at;
      number = size === 4 || size === 8 ? { size, at } : undefined;
    } else if (wire.is(5, 5)) {
      // Not packed: an older encoder's way to write one float.
      number = { size: 4, at: wire.at };
      wire.skip();
    } else if (wire.is(6, 1)) {
      number = { size: 8, at: wire.at };
      wire.skip();
    } else {
      wire.skip();
    }
  }
  if (dtype === DT_FLOAT && number?.size === 4) return bytes.readFloatLE(number.at);
  if (dtype === DT_DOUBLE && number?.size === 8) return bytes.readDoubleLE(number.at);
  return undefined;
}
