/** Pictures that look like what channels respond to, drawn from formulas: gratings, rings, checks, spirals. */
import { deflateSync } from 'node:zlib';

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([length, body, check]);
}

/** An RGB PNG, base64; `colour` gives each pixel three values in 0 … 1. */
export function png(width: number, height: number, colour: (x: number, y: number) => number[]): string {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      colour(x, y).forEach((value, c) => {
        rows[y * (1 + 3 * width) + 1 + 3 * x + c] = Math.round(255 * Math.min(1, Math.max(0, value)));
      });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]).toString('base64');
}

const size = 48;

/** The picture of channel `index` after `share` of the ascent: grey at first, then more and more itself. */
export function feature(index: number, share = 1): string {
  const turn = index * 2.399;
  const wave = (index % 5) * 0.08 + 0.35;
  return png(size, size, (px, py) => {
    const [x, y] = [px - size / 2, py - size / 2];
    const along = x * Math.cos(turn) + y * Math.sin(turn);
    const across = y * Math.cos(turn) - x * Math.sin(turn);
    const radius = Math.hypot(x, y);
    const angle = Math.atan2(y, x);
    const pattern = [
      Math.sin(along * wave * 2),
      Math.sin(radius * wave * 1.6),
      Math.sin(along * wave * 1.7) * Math.sin(across * wave * 1.7),
      Math.sin(radius * 0.35 + angle * (2 + (index % 3))),
    ][index % 4];
    return [0, 2.1, 4.2].map(
      phase => 0.5 + share * (0.32 * pattern + 0.2 * Math.sin(turn + phase + pattern * 1.3)),
    );
  });
}
