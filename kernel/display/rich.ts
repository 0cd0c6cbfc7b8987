/**
 * What a value shows beside its text: bytes of a picture as the picture, numbers as colour, records as a table.
 * Recognised by shape, never by class, so that values of other copies and other packages show too.
 */
import { toBase64 } from '../base/base64.ts';
import type { MimeBundle } from '../base/host.ts';
import { encodePng } from '../base/png-encode.ts';
import type { Pixels } from '../base/png.ts';
import { isTensor } from '../base/tensor.ts';
import { numbersHtml } from './numbers.ts';
import { arrowTable, recordsTable } from './records.ts';

/** Bytes of a picture that a notebook should carry. */
const maxBytes = 16 * 2 ** 20;
/** Fewer numbers are read faster than seen. */
const leastNumbers = 32;

/** Pieces of a bundle: `text/plain` too, where the usual text says less. */
export function richOf(value: unknown): MimeBundle {
  if (typeof value !== 'object' || value === null) return {};
  if (isTensor(value)) {
    const isMany = value.size >= leastNumbers && value.dtype !== 'string';
    return {
      ...(isMany && {
        'text/html': numbersHtml(value.toFloat32OrWider(), value.dims, `tensor ${value.dtype}`),
      }),
      'text/plain': value.toString(),
    };
  }
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return pictureOf(value);
  if (isTyped(value)) {
    if (value.length < leastNumbers) return {};
    const floats =
      typeof value[0] === 'bigint' ? Float64Array.from(value as ArrayLike<bigint>, Number) : value;
    const name = Object.getPrototypeOf(value).constructor.name as string;
    return { 'text/html': numbersHtml(floats as ArrayLike<number>, [value.length], name) };
  }
  const pixels = pixelsOf(value);
  if (pixels)
    return {
      'image/png': toBase64(encodePng(pixels)),
      'text/plain': `picture, ${pixels.width}×${pixels.height}`,
    };
  const table = arrowTable(value) ?? recordsTable(value);
  if (table) return table;
  const markup = markupOf(value);
  return markup === undefined ? {} : { 'text/plain': markup };
}

type Typed = ArrayLike<number> | ArrayLike<bigint>;

const isTyped = (value: object): value is Typed & object =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

const signatures: readonly (readonly [type: string, name: string, at: number, bytes: string])[] = [
  ['image/png', 'PNG', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 'JPEG', 0, '\xff\xd8\xff'],
  ['image/gif', 'GIF', 0, 'GIF8'],
  ['image/webp', 'WebP', 8, 'WEBPVP8'],
];

function pictureOf(value: Uint8Array | ArrayBuffer): MimeBundle {
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  if (bytes.length > maxBytes) return {};
  const found = signatures.find(([, , at, text]) =>
    [...text].every((char, i) => bytes[at + i] === char.charCodeAt(0)),
  );
  if (!found) return {};
  const [type, name] = found;
  return { [type]: toBase64(bytes), 'text/plain': `${name} picture, ${bytes.length} bytes` };
}

/** ImageData of a canvas, and whatever has its shape. */
function pixelsOf(value: object): Pixels | undefined {
  const { width, height, data } = value as Partial<Record<keyof Pixels, unknown>>;
  const isBytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (!isBytes || !isSize(width) || !isSize(height)) return undefined;
  const channels = data.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) return undefined;
  return { width, height, channels, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

const isSize = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= 16_384;

/** An element of a page, of jsdom and the like: its source, which is shown and not run. */
function markupOf(value: object): string | undefined {
  const { nodeType, outerHTML } = value as { nodeType?: unknown; outerHTML?: unknown };
  return nodeType === 1 && typeof outerHTML === 'string' ? outerHTML : undefined;
}
