import { readFileSync } from 'node:fs';

/** What the reference writers make (golden/make_media_golden.py). */
export interface MediaGolden {
  readonly image: { tag: string; png: string; payload: string };
  readonly grid: { shape: number[]; columns: number; pixels: number[] };
  readonly audio: { tag: string; samples: number[]; shape: number[]; sampleRate: number; payload: string }[];
  readonly mesh: Record<'vertices' | 'faces' | 'colors', number[]> & Record<'full' | 'cloud' | 'colored', string>;
  readonly projector: string;
}

export const mediaGolden: MediaGolden = JSON.parse(readFileSync(new URL('golden/media.json', import.meta.url), 'utf8'));

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
