/** Tensors → a safetensors file, part by part, so that a large one is never in memory twice. */
import { NeuronbookError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { storedTypes } from './header.ts';

/** dtype → how safetensors spells it. */
const spelling = new Map(
  Object.entries(storedTypes).flatMap(([stored, [, dtype]]) =>
    dtype && stored !== 'BF16' ? [[dtype, stored] as const] : [],
  ),
);

/**
 * The parts of a file that holds these tensors, in their order; all but the first are the tensors' own memory.
 * The same tensors always give the same bytes.
 * @throws NeuronbookError on a tensor of strings, and on the name `__metadata__`
 */
export function* safetensorsParts(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  // no prototype: `__proto__` is a name like any other
  const header = Object.create(null) as Record<string, unknown>;
  if (Object.keys(metadata).length) header.__metadata__ = metadata;
  let end = 0;
  // wide elements first, so that all lie aligned
  const order = [...tensors].sort(([, a], [, b]) => width(b) - width(a));
  for (const [name, tensor] of order) {
    const { dtype, dims } = tensor;
    const stored = spelling.get(dtype);
    if (!stored || name === '__metadata__')
      throw new NeuronbookError(
        `safetensors cannot hold ${stored ? 'a tensor called __metadata__' : `tensor ${name}: it is ${dtype}`}; leave it out`,
      );
    const begin = end;
    end += bytesIn(tensor).length;
    header[name] = { dtype: stored, shape: dims, data_offsets: [begin, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(text, 8);
  yield head;
  for (const [, tensor] of order) yield bytesIn(tensor);
}

const width = ({ data }: Tensor): number => (Array.isArray(data) ? 0 : data.BYTES_PER_ELEMENT);

function bytesIn({ data }: Tensor): Uint8Array {
  if (Array.isArray(data)) return new Uint8Array();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The whole file in memory: for small ones, and where there is no disk. */
export function encodeSafetensors(...args: Parameters<typeof safetensorsParts>): Uint8Array<ArrayBuffer> {
  const parts = [...safetensorsParts(...args)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}
