/** `#platform/pictures` in a browser: whatever the browser itself can show → pixels. */
import type { Pixels } from '../png.ts';

/**
 * @param side height and width to scale to; what is longer than the other side is cut off around the middle
 * @throws the browser's own error on bytes that are no picture
 */
export async function decodePicture(bytes: Uint8Array, side?: readonly [number, number]): Promise<Pixels> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const [height, width] = side ?? [bitmap.height, bitmap.width];
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, channels: 4, data: new Uint8Array(data.buffer) };
}
