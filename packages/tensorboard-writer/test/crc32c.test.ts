import { expect, test } from 'vitest';
import { crc32c, maskedCrc32c } from '../src/crc32c.js';

test.each([
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ['the check string', new TextEncoder().encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
])('%s (RFC 3720, appendix B.4)', (_, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

test('eight bytes at a time or bit by bit: the same, at every length and offset', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 167 + 13) & 0xff);
  for (let start = 0; start < 9; start++) {
    for (let end = start; end <= 64; end++)
      expect(crc32c(bytes, start, end)).toBe(bitByBit(bytes.subarray(start, end)));
  }
});

test('the mask of TFRecord files', () => {
  // The first eight bytes of TensorFlow's golden file: a length of 24, and its masked CRC.
  expect(maskedCrc32c(Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0))).toBe(0x224b7fa3);
});

function bitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
