/** Saving pictures as PNG files: one as it is, or a whole grid drawn onto a canvas as it looks on the page. */
import type { TranslationBundle } from '@jupyterlab/translation';

export interface SavedPicture {
  label: string;
  /** Shown after the label, quieter. */
  value: string;
  /** PNG, base64. */
  image: string;
  width: number;
  height: number;
}

/** A file name from a title: `conv3, 16 channels` → `conv3-16-channels.svg`. */
export const fileName = (kind: string, ...parts: string[]): string => {
  const slug = parts
    .join(' ')
    .normalize('NFKD')
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80);
  return `${slug || 'picture'}.${kind}`;
};

export const pngName = (...parts: string[]): string => fileName('png', ...parts);

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // the browser reads the blob after the click returns
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function savePicture(image: string, name: string): void {
  const bytes = Uint8Array.from(atob(image), char => char.charCodeAt(0));
  download(new Blob([bytes], { type: 'image/png' }), name);
}

/** @param type e.g. `image/svg+xml` */
export function saveText(text: string, type: string, name: string): void {
  download(new Blob([text], { type }), name);
}

async function decode({ image }: SavedPicture): Promise<HTMLImageElement> {
  const picture = new Image();
  picture.src = `data:image/png;base64,${image}`;
  await picture.decode();
  return picture;
}

export interface GridLook {
  title: string;
  note: string;
  columns: number;
  pixelated: boolean;
  /** The element whose colours and font the file takes. */
  like: HTMLElement;
}

/** Draws the grid at twice the page's pixels and saves it. */
export async function saveGrid(
  pictures: SavedPicture[],
  look: GridLook,
  name: string,
  trans: TranslationBundle,
): Promise<void> {
  const [tile, gap, margin, caption, header] = [192, 16, 24, 28, 40];
  const columns = Math.max(1, Math.min(look.columns, pictures.length));
  const tall = Math.max(...pictures.map(({ width, height }) => height / width)) * tile;
  const rows = Math.ceil(pictures.length / columns);
  const canvas = document.createElement('canvas');
  const width = 2 * margin + columns * (tile + gap) - gap;
  const height = 2 * margin + header + rows * (tall + caption + gap) - gap;
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error(trans.__('this browser gives no canvas to draw on'));

  const style = getComputedStyle(look.like);
  const colour = (variable: string, otherwise: string) =>
    style.getPropertyValue(variable).trim() || otherwise;
  const strong = colour('--jp-content-font-color1', '#222');
  const quiet = colour('--jp-content-font-color2', '#666');
  const font = (size: number, weight = 400) => `${weight} ${size}px ${style.fontFamily || 'sans-serif'}`;
  const write = (text: string, x: number, y: number, max: number, align: CanvasTextAlign = 'left') => {
    context.textAlign = align;
    context.fillText(clip(context, text, max), x, y);
  };

  context.scale(2, 2);
  context.fillStyle = colour('--jp-layout-color0', '#fff');
  context.fillRect(0, 0, width, height);
  context.imageSmoothingEnabled = !look.pixelated;
  context.imageSmoothingQuality = 'high';
  context.fillStyle = quiet;
  context.font = font(12);
  const noteWidth = columns > 1 ? context.measureText(look.note).width : 0;
  if (noteWidth) write(look.note, width - margin, margin + 14, noteWidth + 1, 'right');
  context.fillStyle = strong;
  context.font = font(15, 600);
  write(look.title, margin, margin + 14, width - 2 * margin - noteWidth - gap);

  for (const [i, picture] of (await Promise.all(pictures.map(decode))).entries()) {
    const x = margin + (i % columns) * (tile + gap);
    const y = margin + header + Math.floor(i / columns) * (tall + caption + gap);
    const { label, value, width: w, height: h } = pictures[i];
    context.drawImage(picture, x, y, tile, (tile * h) / w);
    context.font = font(12);
    const valueWidth = context.measureText(value).width;
    context.fillStyle = quiet;
    write(value, x + tile, y + tall + 18, valueWidth + 1, 'right');
    context.fillStyle = strong;
    write(label, x, y + tall + 18, tile - valueWidth - 8);
  }
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  if (!blob)
    throw new Error(
      trans.__('the browser could not encode a picture of %1×%2 pixels', canvas.width, canvas.height),
    );
  download(blob, name);
}

/** The longest beginning of `text` that fits, with an ellipsis where it was cut. */
function clip(context: CanvasRenderingContext2D, text: string, max: number): string {
  if (context.measureText(text).width <= max) return text;
  let end = text.length;
  while (end > 0 && context.measureText(`${text.slice(0, end)}…`).width > max) end--;
  return `${text.slice(0, end)}…`;
}
