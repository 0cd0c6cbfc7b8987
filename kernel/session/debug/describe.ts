/**
 * A value in one line, and its type, for the debugger's list of variables: in the runner, on live values. Tensors and
 * typed arrays tell their range and mean; nothing here runs a getter or a trap of the reader's own.
 */
import { inspect, types } from 'node:util';
import { halvesToFloats } from '../../base/float16.ts';
import { formatDims, type Dims } from '../../base/shape.ts';

const LONGEST = 200;
/** Beyond this many values statistics would take longer than the eye waits. */
const MOST_VALUES = 1e7;
/** Of an object with more properties than this the names are told, since util.inspect would look at all of them. */
const MOST_PROPERTIES = 100;

type Numbers = ArrayLike<number | bigint>;

/** What a tensor of this library, of another copy of it, or of ONNX Runtime has in common. */
interface TensorParts {
  dtype: string;
  dims: Dims;
  data: unknown;
}

/**
 * @example describe(new Float32Array([1, 2, 6])) // → 'Float32Array(3) · min 1, mean 3, max 6'
 */
export function describe(value: unknown): string {
  try {
    const tensor = tensorOf(value);
    if (tensor) return `tensor ${tensor.dtype} ${formatDims(tensor.dims)}${statistics(decoded(tensor))}`;
    if (isNumbers(value)) return `${typeOf(value)}(${value.length})${statistics(value)}`;
    if (typeof value === 'function') return nameOfFunction(value);
    return short(crowd(value) ?? inspect(value, brief));
  } catch (error) {
    return `(can not be shown: ${error instanceof Error ? error.message : String(error)})`;
  }
}

const brief = {
  depth: 1,
  breakLength: Infinity,
  compact: true,
  maxArrayLength: 8,
  maxStringLength: 10_000,
} as const;

function crowd(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || Array.isArray(value))
    return undefined;
  const names = Object.keys(value);
  if (names.length <= MOST_PROPERTIES) return undefined;
  return `${typeOf(value)} { ${names.slice(0, 5).join(', ')}, … ${names.length - 5} more }`;
}

const short = (text: string): string => {
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
};

/** @example typeOf([1]) // → 'Array' */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (types.isProxy(value)) return 'Proxy';
  for (let at = value; at; at = Object.getPrototypeOf(at) as object) {
    const made: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    const name: unknown = typeof made === 'function' ? own(made, 'name') : undefined;
    if (typeof name === 'string' && name) return name;
  }
  return 'Object';
}

/** An own data property; a getter stays asleep. */
const own = (value: object, name: string): unknown => Object.getOwnPropertyDescriptor(value, name)?.value;

const nameOfFunction = (value: object): string => {
  const name = own(value, 'name');
  const isClass = own(value, 'prototype') !== undefined && /^class\b/.test(String(value));
  return `${isClass ? 'class' : 'ƒ'} ${typeof name === 'string' && name ? name : '(anonymous)'}`;
};

function tensorOf(value: unknown): TensorParts | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return undefined;
  const dims = own(value, 'dims');
  const dtype = own(value, 'dtype') ?? own(value, 'type');
  if (typeof dtype !== 'string' || !Array.isArray(dims) || !dims.every(Number.isInteger)) return undefined;
  return { dtype, dims: dims as number[], data: own(value, 'data') ?? own(value, 'cpuData') };
}

const decoded = ({ dtype, data }: TensorParts): unknown =>
  dtype === 'float16' && data instanceof Uint16Array ? halvesToFloats(data) : data;

const isNumbers = (value: unknown): value is Numbers => types.isTypedArray(value);

/** `· min −1, mean 0.2, max 3`, and how many are no number. */
function statistics(data: unknown): string {
  if (!isNumbers(data) || data.length === 0 || data.length > MOST_VALUES) return '';
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let missing = 0;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (Number.isNaN(value)) {
      missing++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const count = data.length - missing;
  if (!count) return ' · all NaN';
  const [low, mean, high] = [min, sum / count, max].map(value => +value.toPrecision(5));
  return ` · min ${low}, mean ${mean}, max ${high}${missing ? `, ${missing} NaN` : ''}`;
}
