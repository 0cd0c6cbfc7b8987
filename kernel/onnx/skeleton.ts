/**
 * An ONNX file without its weights: read piece by piece, with the numbers of large tensors left where they are. What
 * remains is an ONNX file again, of a few kilobytes, whose tensors say that they lie outside; `decode` takes it.
 */
import { broken } from './broken.ts';
import { sniff } from './sniff.ts';

/** A file that is read in parts, as over a network. */
export interface RangeSource {
  readonly size: number;
  /** `length` bytes from `offset` on; the caller has checked that they lie inside. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Where the numbers of a tensor lie in the file. */
export interface Place {
  offset: number;
  length: number;
}

export interface Skeleton {
  /** An ONNX file. */
  bytes: Uint8Array;
  /** By the name of the initializer, where its numbers are one run of bytes (`raw_data`). */
  places: Map<string, Place>;
}

type Kind = 'model' | 'graph' | 'node' | 'attribute' | 'tensor' | 'function';

/** Messages that hold tensors, by field number (schema.ts). */
const inside: Record<Kind, Record<number, Kind>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph' },
  function: { 7: 'node' },
  tensor: {},
};
/** The fields of a TensorProto that hold its numbers; 9 is `raw_data`. */
const numbers = new Set([4, 5, 7, 9, 10, 11]);
const NAME = 8;
/** `data_location = EXTERNAL`. */
const outside = Uint8Array.of((14 << 3) | 0, 1);

/** Tensors of fewer bytes stay: shapes and axes, which say what the network does. */
const small = 1024;
/** What is fetched at once. */
const step = 1 << 18;

/** @throws FormatError where the file is cut short or is something else */
export async function skeleton(source: RangeSource, path?: string): Promise<Skeleton> {
  const { size } = source;
  const reason = sniff(await source.read(0, Math.min(512, size)));
  if (reason) throw broken(reason, path);
  const places = new Map<string, Place>();
  let from = 0;
  let held: Uint8Array = new Uint8Array();

  const cut = () =>
    broken(
      `the file ends in the middle of a field, after ${size} bytes; it was cut short; download or copy it again`,
      path,
    );
  async function bytes(at: number, length: number): Promise<Uint8Array> {
    if (at + length > size) throw cut();
    if (at < from || at + length > from + held.length) {
      from = at;
      held = await source.read(at, Math.min(size - at, Math.max(length, step)));
    }
    return held.subarray(at - from, at - from + length);
  }
  async function varint(at: number): Promise<{ value: number; next: number }> {
    const look = await bytes(at, Math.min(10, size - at));
    let value = 0;
    for (let i = 0; i < look.length; i++) {
      value += (look[i] & 127) * 2 ** (7 * i);
      if (look[i] < 128) return { value, next: at + i + 1 };
    }
    throw look.length < 10
      ? cut()
      : broken(
          `not ONNX: a number of more than ten bytes at byte ${at}; expected a protobuf ModelProto`,
          path,
        );
  }

  async function walk(begin: number, end: number, kind: Kind): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let name = '';
    let place: Place | undefined;
    let left = false;
    for (let at = begin; at < end;) {
      const key = await varint(at);
      const [field, wire] = [Math.floor(key.value / 8), key.value % 8];
      if (wire !== 2) {
        const next = wire === 0 ? (await varint(key.next)).next : key.next + (widths[wire] ?? NaN);
        if (Number.isNaN(next))
          throw broken(`not ONNX: wire type ${wire} at byte ${at}; expected a protobuf ModelProto`, path);
        if (next > end) throw cut();
        parts.push((await bytes(at, next - at)).slice());
        at = next;
        continue;
      }
      const { value: length, next: body } = await varint(key.next);
      if (body + length > end) throw cut();
      const child = inside[kind][field];
      if (kind === 'tensor' && field === 9) place = { offset: body, length };
      if (kind === 'tensor' && numbers.has(field) && length > small) {
        left = true;
      } else if (child && (length > small || child === 'tensor')) {
        const made = await walk(body, body + length, child);
        parts.push(encoded(key.value), encoded(made.length), made);
      } else {
        parts.push((await bytes(at, body + length - at)).slice());
        if (kind === 'tensor' && field === NAME) name = new TextDecoder().decode(await bytes(body, length));
      }
      at = body + length;
    }
    if (left) parts.push(outside);
    if (place && name) places.set(name, place);
    return joined(parts);
  }

  return { bytes: await walk(0, size, 'model'), places };
}

/** Bytes of a field, by wire type. */
const widths: Record<number, number> = { 1: 8, 5: 4 };

function encoded(value: number): Uint8Array {
  const made: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) made.push((value % 128) | 128);
  return Uint8Array.from([...made, value]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
