/**
 * The header of a safetensors file, checked before anything is read through it:
 *
 *   header length (uint64) · header (JSON, padded with blanks) · tensors, end to end, without a gap
 *
 * Files come from strangers. What the header says is believed only where it fits the file's size exactly.
 * @see https://github.com/huggingface/safetensors#format
 */
import type { DType } from '../dtype.ts';
import { FormatError } from '../errors.ts';
import type { RandomAccess } from '../random-access.ts';
import { formatDims, type Dims } from '../shape.ts';

/** Stored type → bytes per element, and the dtype it is read as; undefined where it cannot be read. */
export const storedTypes: Readonly<Record<string, readonly [bytes: number, dtype: DType | undefined]>> = {
  F64: [8, 'float64'],
  F32: [4, 'float32'],
  F16: [2, 'float16'],
  BF16: [2, 'float32'],
  I64: [8, 'int64'],
  I32: [4, 'int32'],
  I16: [2, 'int16'],
  I8: [1, 'int8'],
  U64: [8, 'uint64'],
  U32: [4, 'uint32'],
  U16: [2, 'uint16'],
  U8: [1, 'uint8'],
  BOOL: [1, 'bool'],
  C64: [8, undefined],
  F8_E4M3: [1, undefined],
  F8_E5M2: [1, undefined],
  F8_E8M0: [1, undefined],
};

/** Where one tensor lies. */
export interface Entry {
  readonly name: string;
  /** As the file spells it: F32, BF16, … */
  readonly stored: string;
  readonly dims: Dims;
  /** Its first byte, counted from the beginning of the file. */
  readonly offset: number;
  /** Its length in bytes. */
  readonly length: number;
}

export interface Header {
  readonly entries: ReadonlyMap<string, Entry>;
  /** What the file says about itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation reads no longer ones either. */
const longestHeader = 100_000_000;

/**
 * Reads and checks the header.
 * @throws FormatError naming what is wrong: truncated, an absurd length, not JSON, a name twice, wrong sizes, overlaps
 */
export function readHeader(source: RandomAccess, path = 'safetensors'): Header {
  const fail = (message: string) => new FormatError(`${path}: ${message}`, path);
  const { size } = source;
  if (size < 8)
    throw fail(`holds ${size} bytes; expected at least 8, the length of the header; it was cut short`);
  const first = source.read(0, 8);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > BigInt(longestHeader))
    throw fail(
      `header length is ${length}; expected at most ${longestHeader}; the file is not safetensors, or is damaged`,
    );
  const body = 8 + Number(length);
  if (body > size)
    throw fail(`header ends at byte ${body} and the file at ${size}; it was cut short; load it again`);
  const { __metadata__: metadata = {}, ...tensors } = parse(source.read(8, Number(length)), fail);
  if (!isRecord(metadata) || !Object.values(metadata).every(value => typeof value === 'string'))
    throw fail('__metadata__ is not an object of texts');

  const entries = Object.entries(tensors).map(([name, value]) => entryOf(name, value, body, fail));
  let end = body;
  let before = 'the header';
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (entry.offset !== end) {
      const how = entry.offset < end ? 'overlaps' : `leaves ${entry.offset - end} bytes behind`;
      throw fail(`tensor ${entry.name} ${how} ${before}; expected tensors end to end; the file is damaged`);
    }
    end += entry.length;
    before = `tensor ${entry.name}`;
  }
  if (end !== size)
    throw fail(
      end > size
        ? `tensors end at byte ${end} and the file at ${size}; it was cut short; load it again`
        : `holds ${size - end} bytes behind its last tensor; the file is damaged`,
    );
  return {
    entries: new Map(entries.map(entry => [entry.name, entry])),
    metadata: metadata as Record<string, string>,
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parse(bytes: Uint8Array, fail: (message: string) => FormatError): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw fail('header is not JSON in UTF-8; the file is not safetensors, or is damaged');
  }
  if (!isRecord(value)) throw fail('header is not an object of tensors');
  const twice = repeatedKey(text);
  if (twice !== undefined)
    throw fail(`header names ${twice} twice; which of the two is meant cannot be told`);
  return value;
}

/** The first key that stands twice in the outermost object of sound JSON: `JSON.parse` silently keeps the last. */
function repeatedKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let keyFollows = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const begin = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
      if (depth !== 1 || !keyFollows) continue;
      const key = JSON.parse(text.slice(begin, at + 1)) as string;
      if (seen.has(key)) return key;
      seen.add(key);
      keyFollows = false;
    } else if (char === '{' || char === '[') {
      depth++;
      keyFollows = depth === 1;
    } else if (char === '}' || char === ']') depth--;
    else if (char === ',' && depth === 1) keyFollows = true;
  }
  return undefined;
}

/** @param body where the tensors begin; offsets in the header count from there */
function entryOf(name: string, value: unknown, body: number, fail: (message: string) => FormatError): Entry {
  const wrong = (message: string) => fail(`tensor ${name}: ${message}`);
  if (!isRecord(value)) throw wrong('its entry is not an object');
  const { dtype: stored, shape: dims, data_offsets: range } = value;
  if (typeof stored !== 'string' || !Object.hasOwn(storedTypes, stored))
    throw wrong(
      `unknown dtype: ${JSON.stringify(stored)}; expected one of ${Object.keys(storedTypes).join(', ')}`,
    );
  if (!Array.isArray(dims) || !dims.every(isSize))
    throw wrong(`shape is ${JSON.stringify(dims)}; expected whole numbers`);
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isSize) || range[0] > range[1])
    throw wrong(`data_offsets are ${JSON.stringify(range)}; expected [begin, end]`);
  const [begin, end] = range as [number, number];
  const expected = dims.reduce((product: number, dim: number) => product * dim, storedTypes[stored][0]);
  if (end - begin !== expected)
    throw wrong(`holds ${end - begin} bytes; expected ${expected} for ${stored} ${formatDims(dims)}`);
  return { name, stored, dims: dims as number[], offset: body + begin, length: end - begin };
}
