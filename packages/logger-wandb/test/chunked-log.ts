import { CHUNK_HEADER_BYTES, createChunkWriter } from '../src/log/chunk-writer.js';

/** The bytes of a log that holds these records. */
export function chunkedLog(payloads: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  // The writer may use the bytes of a part for the next one.
  const append = createChunkWriter((bytes) => parts.push(bytes.slice()));
  for (const payload of payloads) {
    const bytes = new Uint8Array(CHUNK_HEADER_BYTES + payload.length);
    bytes.set(payload, CHUNK_HEADER_BYTES);
    append(bytes, CHUNK_HEADER_BYTES, bytes.length);
  }
  return Buffer.concat(parts);
}
