/** A choice among pictures, and a picture of the reader's own: thumbnails to press. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { unpack, type Packed } from 'neuronbook/display/packed';
import { drawPixels } from './pixels.ts';
import { button, el, ownKeys } from './dom.ts';

export interface PictureChoice {
  options: string[];
  value: string;
  /** 1×C×H×W each. */
  pictures: Packed[];
  own: boolean;
}

export class PictureField {
  readonly node: HTMLElement;
  value: string | Float32Array;
  private readonly buttons: HTMLButtonElement[];
  private readonly file = el('input', { type: 'file', accept: 'image/*', hidden: true, ...ownKeys });
  private readonly bring?: HTMLButtonElement;

  constructor(
    readonly name: string,
    private readonly choice: PictureChoice,
    private readonly trans: TranslationBundle,
    private readonly changed: () => void,
  ) {
    this.value = choice.value;
    this.buttons = choice.options.map((option, i) => this.thumbnail(option, choice.pictures[i]));
    const row = el('span', { class: 'nb-Live-pictures' }, ...this.buttons);
    if (choice.own) {
      const face = trans.__('Your picture…');
      this.bring = button(face, 'nb-Button nb-Live-bring', () => this.file.click(), face);
      row.append(this.bring, this.file);
      this.file.addEventListener('change', () => void this.read());
    }
    this.node = el(
      'div',
      { class: 'nb-Control nb-mod-pictures', role: 'group', 'aria-label': name },
      el('span', { class: 'nb-Control-name' }, name),
      row,
    );
    this.mark();
  }

  set enabled(on: boolean) {
    for (const one of [...this.buttons, ...(this.bring ? [this.bring] : [])]) one.disabled = !on;
  }

  private thumbnail(option: string, picture: Packed): HTMLButtonElement {
    const canvas = el('canvas', { class: 'nb-Live-thumbnail', 'aria-hidden': true });
    drawPlanes(canvas, unpack(picture), picture.dims);
    return button(option, 'nb-Live-picture', () => this.choose(option), canvas, el('span', {}, option));
  }

  private choose(value: string | Float32Array): void {
    this.value = value;
    this.mark();
    this.changed();
  }

  private mark(): void {
    this.choice.options.forEach((option, i) =>
      this.buttons[i].setAttribute('aria-pressed', String(option === this.value)),
    );
    this.bring?.setAttribute('aria-pressed', String(typeof this.value !== 'string'));
  }

  /** The file's middle, as large as the network's pictures are. */
  private async read(): Promise<void> {
    const [file] = this.file.files ?? [];
    if (!file) return;
    const [, channels, height, width] = this.choice.pictures[0].dims;
    try {
      const bitmap = await createImageBitmap(file);
      const scale = Math.max(width / bitmap.width, height / bitmap.height);
      const size = { width: bitmap.width * scale, height: bitmap.height * scale };
      const canvas = el('canvas', { width, height });
      const context = canvas.getContext('2d', { willReadFrequently: true })!;
      context.fillStyle = '#fff';
      context.fillRect(0, 0, width, height);
      context.imageSmoothingQuality = 'high';
      context.drawImage(
        bitmap,
        (width - size.width) / 2,
        (height - size.height) / 2,
        size.width,
        size.height,
      );
      bitmap.close();
      const planes = planesOf(context.getImageData(0, 0, width, height).data, channels, width * height);
      this.bring!.replaceChildren(canvas, this.trans.__('Your picture…'));
      canvas.className = 'nb-Live-thumbnail';
      this.choose(planes);
    } catch {
      this.bring!.replaceChildren(this.trans.__('Not a picture that this browser reads'));
    }
  }
}

/** RGBA bytes as planes in [0, 1]; one plane is their brightness. */
function planesOf(bytes: Uint8ClampedArray, channels: number, area: number): Float32Array {
  const planes = new Float32Array(channels * area);
  const weights = channels === 1 ? [0.299, 0.587, 0.114] : [];
  for (let i = 0; i < area; i++)
    if (channels === 1) planes[i] = weights.reduce((sum, by, c) => sum + (by * bytes[4 * i + c]) / 255, 0);
    else for (let c = 0; c < 3; c++) planes[c * area + i] = bytes[4 * i + c] / 255;
  return planes;
}

/** Planes 1×C×H×W, over their own range where that is not [0, 1]. */
function drawPlanes(
  canvas: HTMLCanvasElement,
  data: Float32Array,
  [, channels, height, width]: number[],
): void {
  let [low, high] = [0, 1];
  for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const area = width * height;
  const pixels = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 3; c++)
      pixels[3 * i + c] = Math.round(
        (255 * (data[(channels === 1 ? 0 : c) * area + i] - low)) / (high - low),
      );
  drawPixels(canvas, { width, height, channels: 3, data: pixels });
}
