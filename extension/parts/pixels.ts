/** Pixels onto a canvas of their size. */

export interface Pixels {
  width: number;
  height: number;
  channels: number;
  data: Uint8Array;
}

export function drawPixels(canvas: HTMLCanvasElement, { width, height, channels, data }: Pixels): void {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[channels * i + (channels >= 3 ? c : 0)];
    rgba[4 * i + 3] = channels === 4 ? data[4 * i + 3] : 255;
  }
  canvas.getContext('2d')!.putImageData(new ImageData(rgba, width, height), 0, 0);
}
