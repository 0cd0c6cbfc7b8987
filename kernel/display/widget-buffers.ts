/** Binary values of a widget's state travel beside its JSON, as the widget protocol wants them. */

export type BufferPath = (string | number)[];

export interface Separated {
  /** Without its binary values: removed from objects, null in lists. */
  state: Record<string, unknown>;
  /** Where each buffer belongs. */
  paths: BufferPath[];
  buffers: Uint8Array[];
}

/**
 * Takes the binary values out of a state, at any depth; what they were taken from is copied.
 * @see https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md
 * @example separateBuffers({ a: new Uint8Array(2), b: 1 }) // → state { b: 1 }, paths [['a']]
 */
export function separateBuffers(given: Record<string, unknown>): Separated {
  const paths: BufferPath[] = [];
  const buffers: Uint8Array[] = [];
  const visit = (value: unknown, path: BufferPath): unknown => {
    const bytes = bytesOf(value);
    if (bytes) {
      paths.push(path);
      buffers.push(bytes);
      return null;
    }
    if (Array.isArray(value)) return value.map((item, i) => visit(item, [...path, i]));
    return isRecord(value) ? visitRecord(value, path) : value;
  };
  const visitRecord = (record: Record<string, unknown>, path: BufferPath) => {
    const kept: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(record)) {
      const made = visit(value, [...path, key]);
      if (!bytesOf(value)) kept[key] = made;
    }
    return kept;
  };
  return { state: visitRecord(given, []), paths, buffers };
}

/** Puts them back; paths that lead nowhere are dropped, because a message may come from anywhere. */
export function putBuffers(
  state: Record<string, unknown>,
  paths: readonly BufferPath[],
  buffers: readonly Uint8Array[],
): void {
  for (const [i, path] of paths.entries()) {
    if (!buffers[i] || !Array.isArray(path) || !path.length || path.includes('__proto__')) continue;
    let at: unknown = state;
    for (const key of path.slice(0, -1)) at = isContainer(at) ? at[key] : undefined;
    if (isContainer(at)) at[path[path.length - 1]] = buffers[i];
  }
}

const bytesOf = (value: unknown): Uint8Array | undefined =>
  ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : value instanceof ArrayBuffer
      ? new Uint8Array(value)
      : undefined;

const isContainer = (value: unknown): value is Record<string | number, unknown> =>
  Array.isArray(value) || isRecord(value);

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
