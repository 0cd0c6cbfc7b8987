/** Pixels of a decoded picture as a tensor: what reading a file, preparing for a network and showing have in common. */
import type { Pixels } from './png.ts';
import { Tensor } from './tensor.ts';

/** Pixels as float32 1×3×H×W in [0, 1]: grey is repeated, transparency is laid over white. */
export function fromPixels({ width, height, channels, data }: Pixels): Tensor {
  const area = width * height;
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    const alpha = channels === 4 ? data[4 * i + 3] / 255 : 1;
    for (let c = 0; c < 3; c++) {
      const value = data[channels * i + (channels === 1 ? 0 : c)] / 255;
      planes[c * area + i] = alpha * value + (1 - alpha);
    }
  }
  return new Tensor('float32', [1, 3, height, width], planes);
}
