/**
 * What a file holds, without loading it: the graph of an ONNX file, the tensors of a safetensors file, and statistics
 * of one tensor when somebody asks. Reads only the parts it needs, so a viewer can open files larger than its memory.
 */
import { fromBrain } from '../base/bfloat16.ts';
import { bytesOf, view, type DType, type TensorData } from '../base/dtype.ts';
import { readHeader, storedTypes } from '../base/safetensors/header.ts';
import { Tensor } from '../base/tensor.ts';
import { describe, type ModelPayload } from '../display/views/model.ts';
import { decode } from '../onnx/decode.ts';
import type { Graph } from '../onnx/graph.ts';
import { skeleton, type Place, type RangeSource } from '../onnx/skeleton.ts';
import { Sites } from './sites.ts';

export type { RangeSource } from '../onnx/skeleton.ts';

export interface TensorRow {
  name: string;
  /** As the file spells it: float32, BF16 … */
  dtype: string;
  dims: readonly number[];
  bytes: number;
  /** Where its numbers lie; undefined where they are in another file, or stored in another way. */
  place?: Place;
}

export interface Peeked {
  /** The network; undefined for a file of tensors alone. */
  network?: ModelPayload['data'];
  tensors: TensorRow[];
  /** What the file says about itself. */
  metadata: Readonly<Record<string, string>>;
}

/**
 * The network in an ONNX file, and its weights.
 * @param name what the file is called, for the title and errors
 * @throws FormatError naming the cause, where the file is damaged or is something else
 */
export async function peekOnnx(source: RangeSource, name: string): Promise<Peeked> {
  const { bytes, places } = await skeleton(source, name);
  const graph = decode(bytes, { path: name, hollow: zeros() });
  const tensors = [...graph.constants].map(([tensor, { dtype, dims, size }]): TensorRow => ({
    name: tensor,
    dtype,
    dims,
    bytes: dtype === 'string' ? 0 : size * bytesOf(dtype),
    place: places.get(tensor),
  }));
  return {
    network: describe({ name, graph, sites: sitesOf(graph) }),
    tensors,
    metadata: graph.metadata,
  };
}

/** The rules may stumble over a network whose weights are not there; it is drawn without shapes then. */
function sitesOf(graph: Graph): Pick<Sites, 'has' | 'get'> {
  try {
    return new Sites(graph);
  } catch {
    return {
      has: () => false,
      get: name => {
        throw new Error(`no shape of ${name}`);
      },
    };
  }
}

/** Tensors of zeros that share one buffer: as much memory as the largest takes, not as all do. */
function zeros(): (dtype: Exclude<DType, 'string'>, size: number) => TensorData {
  let buffer = new ArrayBuffer(0);
  return (dtype, size) => {
    const bytes = size * bytesOf(dtype);
    if (bytes > buffer.byteLength) buffer = new ArrayBuffer(bytes);
    return view(dtype, buffer, 0, size);
  };
}

/**
 * The tensors of a safetensors file.
 * @throws FormatError naming the cause
 */
export async function peekSafetensors(source: RangeSource, name: string): Promise<Peeked> {
  const { size } = source;
  const first = await source.read(0, Math.min(8, size));
  const length =
    first.length < 8 ? 0 : Number(new DataView(first.buffer, first.byteOffset).getBigUint64(0, true));
  // an absurd length is refused by the header's own reader, which sees the first bytes either way
  const head = await source.read(0, Math.min(size, 8 + Math.min(length, 2 ** 27)));
  const { entries, metadata } = readHeader(
    { size, read: (offset, count) => head.slice(offset, offset + count), close() {} },
    name,
  );
  const tensors = [...entries.values()].map(({ name, stored, dims, offset, length }): TensorRow => ({
    name,
    dtype: stored,
    dims,
    bytes: length,
    place: { offset, length },
  }));
  return { tensors, metadata };
}

export interface Statistics {
  /** Numbers looked at, which are fewer than there are in a large tensor. */
  count: number;
  of: number;
  mean: number;
  deviation: number;
  min: number;
  max: number;
  /** Share of exact zeros. */
  zeros: number;
  /** NaN and infinities, in none of the others. */
  broken: number;
  /** Counts of equal bins from `min` to `max`. */
  bins: number[];
}

/** Bytes of a tensor that are read for its statistics; of a larger one, runs spread evenly over it. */
const looked = 2 ** 24;
const runs = 32;

/** @throws Error where its numbers are not in the file, or of a type without numbers here */
export async function statistics(source: RangeSource, row: TensorRow, bins = 40): Promise<Statistics> {
  const { place, dtype } = row;
  if (!place) throw new Error(`the numbers of ${row.name} are not in this file`);
  const known = typeOf(dtype);
  if (!known) throw new Error(`${row.name} is ${dtype}, of which no numbers are read here`);
  const [bytes, read] = known;
  const whole = place.length <= looked;
  const part = whole ? place.length : Math.floor(looked / runs / bytes) * bytes;
  const gap = whole ? 0 : Math.floor((place.length - part) / (runs - 1) / bytes) * bytes;
  const parts: ArrayLike<number>[] = [];
  for (let i = 0; i < (whole ? 1 : runs); i++)
    parts.push(read(await source.read(place.offset + i * gap, part)));
  return { ...measured(parts, bins), of: place.length / bytes };
}

type Read = (bytes: Uint8Array) => ArrayLike<number>;

/** Bytes an element, and how they are read. Names of both kinds of files. */
function typeOf(name: string): [bytes: number, read: Read] | undefined {
  const [width, stored] = Object.hasOwn(storedTypes, name) ? storedTypes[name] : [0, name as DType];
  if (!stored || stored === 'string') return undefined;
  if (name === 'BF16') return [2, bytes => fromBrain(new Uint16Array(new Uint8Array(bytes).buffer))];
  const bytes = width || bytesOf(stored);
  if (!bytes) return undefined;
  const read: Read = raw => {
    const size = Math.floor(raw.length / bytes);
    return new Tensor(stored, [size], view(stored, new Uint8Array(raw).buffer, 0, size)).toFloat32OrWider();
  };
  return [bytes, read];
}

function measured(parts: readonly ArrayLike<number>[], bins: number): Omit<Statistics, 'of'> {
  let [count, sum, squares, nought, broken] = [0, 0, 0, 0, 0];
  let [min, max] = [Infinity, -Infinity];
  const each = (visit: (value: number) => void) => {
    for (const part of parts) for (let i = 0; i < part.length; i++) visit(part[i]);
  };
  each(value => {
    if (!Number.isFinite(value)) return void broken++;
    count++;
    sum += value;
    if (value === 0) nought++;
    if (value < min) min = value;
    if (value > max) max = value;
  });
  const mean = sum / count;
  const heights = Array<number>(bins).fill(0);
  each(value => {
    if (!Number.isFinite(value)) return;
    squares += (value - mean) ** 2;
    heights[Math.min(bins - 1, Math.floor(((value - min) / (max - min || 1)) * bins))]++;
  });
  return {
    count: count + broken,
    mean,
    deviation: Math.sqrt(squares / count),
    min,
    max,
    zeros: nought / count,
    broken,
    bins: heights,
  };
}
