import type { ImageValue } from '@microbatch/core/logger';

/** 3 × 2 pixels. */
export const png: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAF0lEQVR4nGNkYGRiZmZmZmZm4eTkhLAAAo4ASMA/XigAAAAASUVORK5CYII=',
  'base64',
);

/** 5 × 4 pixels. */
export const otherPng: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAADJUWIXAAAAFElEQVR4nGNkYGRiRgIs/Pz8pPABI7IBKGXs1G0AAAAASUVORK5CYII=',
  'base64',
);

/** A picture, `png` unless told. */
export function image(fields: Partial<ImageValue> = {}): ImageValue {
  const bytes = Buffer.from(fields.png ?? png);
  return { kind: 'image', png: bytes, width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), ...fields };
}
