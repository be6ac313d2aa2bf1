import { crc32, deflateSync } from 'node:zlib';
import { at, type Kinds, point, UNICODE } from './kind.js';

const RGB = { shape: [2, 3, 3], pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 127, 128, 129, 254, 253, 252] };
const PLANES = [0, 0.2, 0.4, 0.6, 0.8, 1, 0.2, 0, 1, 1, 0, 0.4];

/** A PNG file of 8-bit grey pixels. */
function pngOf(width: number, height: number, pixels: readonly number[]): Uint8Array {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, 0, 0, 0, 0]);
  const lines = Array.from({ length: height }, (_, y) => [0, ...pixels.slice(y * width, (y + 1) * width)]);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const data = deflateSync(Buffer.from(lines.flat()));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

const VERTICES = [0, 0, 0, 1, 0, 0, 0, 1.5, 0, 0, 0, -2.25];
const COLORS = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3];
const FACES = [0, 1, 2, 0, 2, 3];
const CONFIG = { camera: { cls: 'PerspectiveCamera', fov: 75 } };
const rowsOf = (numbers: readonly number[], length = 3) =>
  Array.from({ length: numbers.length / length }, (_, row) => numbers.slice(row * length, (row + 1) * length));

/** What is looked at, heard or read. */
export const mediaKinds: Kinds = {
  images: {
    write(writer) {
      writer.addImage(`png/${UNICODE}`, pngOf(3, 2, [0, 50, 100, 150, 200, 250]), 0, at(0));
      writer.addImage('hwc', { shape: RGB.shape, data: Uint8Array.from(RGB.pixels) }, 0, at(0));
      writer.addImage('hwc', { shape: RGB.shape, data: Uint8Array.from(RGB.pixels).reverse() }, 1, at(1));
      writer.addImage('chw', { shape: [3, 2, 2], data: PLANES }, 0, { layout: 'CHW', ...at(0) });
      const data = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
      writer.addImages('grid', { shape: [5, 2, 2, 1], data }, 7, { columns: 3, ...at(7) });
    },
    expected: {
      [`png/${UNICODE}`]: [point(0, { shape: [2, 3], pixels: [0, 50, 100, 150, 200, 250] })],
      hwc: [point(0, RGB), point(1, { ...RGB, pixels: RGB.pixels.toReversed() })],
      chw: [point(0, { shape: [2, 2, 3], pixels: [0, 204, 255, 51, 255, 255, 102, 51, 0, 153, 0, 102] })],
      grid: [
        point(7, {
          shape: [4, 6],
          pixels: [
            [1, 2, 5, 6, 9, 10],
            [3, 4, 7, 8, 11, 12],
            [13, 14, 17, 18, 0, 0],
            [15, 16, 19, 20, 0, 0],
          ].flat(),
        }),
      ],
    },
  },
  text: {
    write(writer) {
      writer.addText(`text/${UNICODE}`, '# Größe 😀\n\n**fett** & <b>', 3, at(3));
      writer.addText('empty', '', 0, at(0));
    },
    expected: { [`text/${UNICODE}`]: [point(3, '# Größe 😀\n\n**fett** & <b>')], empty: [point(0, '')] },
    served: {
      [`text/${UNICODE}`]: [point(3, '<h1>Größe 😀</h1>\n<p><strong>fett</strong> &amp; &lt;b&gt;</p>')],
      empty: [point(0, '')],
    },
  },
  audio: {
    write(writer) {
      writer.addAudio(`audio/${UNICODE}`, [0, 0.5, -0.5, 1, -1, 2], 1, { sampleRate: 8000, ...at(1) });
      writer.addAudio('stereo', { shape: [2, 2], data: [0.25, -0.25, 0.125, 0] }, 0, at(0));
    },
    expected: {
      [`audio/${UNICODE}`]: [
        point(1, { sampleRate: 8000, channels: 1, samples: [0, 16384, -16384, 32767, -32768, 32767] }),
      ],
      stereo: [point(0, { sampleRate: 44100, channels: 2, samples: [8192, -8192, 4096, 0] })],
    },
  },
  mesh: {
    write(writer) {
      const [colors, faces] = [
        { shape: [1, 4, 3], data: COLORS },
        { shape: [1, 2, 3], data: FACES },
      ];
      writer.addMesh(`mesh/${UNICODE}`, { shape: [1, 4, 3], data: VERTICES }, 2, {
        colors,
        faces,
        config: CONFIG,
        ...at(2),
      });
    },
    expected: {
      [`mesh/${UNICODE}`]: (
        [
          ['COLOR', COLORS],
          ['FACE', FACES],
          ['VERTEX', VERTICES],
        ] as const
      ).map(([part, numbers]) => [...point(2, part), rowsOf(numbers), JSON.stringify(CONFIG)]),
    },
  },
};
