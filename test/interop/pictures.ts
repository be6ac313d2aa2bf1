/** A PNG of 3 × 2 pixels. */
export const png: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAF0lEQVR4nGNkYGRiZmZmZmZm4eTkhLAAAo4ASMA/XigAAAAASUVORK5CYII=',
  'base64',
);

/** A PNG of 5 × 4 pixels. */
export const otherPng: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAADJUWIXAAAAFElEQVR4nGNkYGRiRgIs/Pz8pPABI7IBKGXs1G0AAAAASUVORK5CYII=',
  'base64',
);
