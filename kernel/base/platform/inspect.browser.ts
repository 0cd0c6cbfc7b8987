/** A value as text, in a browser: what util.inspect says of the usual kinds of values, without Node. */

/** `items` is how many elements of a list are shown, `depth` how deep the value is. */
export function inspect(value: unknown, { items = 100, depth: most = 4 } = {}): string {
  return show(value, 0, []);

  function show(value: unknown, depth: number, above: unknown[]): string {
    if (typeof value === 'string')
      return depth || !value.includes("'") ? `'${value.replace(/\n/g, '\\n')}'` : JSON.stringify(value);
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'symbol') return String(value);
    if (typeof value === 'function') return functionText(value);
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
    if (above.includes(value)) return '[Circular]';
    if (value instanceof Error) return value.stack ?? String(value);
    if (value instanceof Date) return Number.isNaN(+value) ? 'Invalid Date' : value.toISOString();
    if (value instanceof RegExp) return String(value);
    const name = value.constructor?.name ?? '';
    if (depth > most) return `[${name || 'Object'}]`;
    const inner = (child: unknown) => show(child, depth + 1, [...above, value]);
    if (Array.isArray(value)) return list('', value.length, value.slice(0, items).map(inner), '[]', depth);
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      const array = value as unknown as ArrayLike<unknown>;
      const shown = Array.prototype.slice.call(array, 0, items).map(inner);
      return list(`${name}(${array.length})`, array.length, shown, '[]', depth);
    }
    if (value instanceof Set)
      return list(`Set(${value.size})`, value.size, [...value].slice(0, items).map(inner), '{}', depth);
    if (value instanceof Map) {
      const shown = [...value].slice(0, items).map(([key, item]) => `${inner(key)} => ${inner(item)}`);
      return list(`Map(${value.size})`, value.size, shown, '{}', depth);
    }
    if (value instanceof Promise) return 'Promise {}';
    const entries = Object.entries(value).map(([key, item]) => `${keyText(key)}: ${inner(item)}`);
    return list(
      name === 'Object' ? '' : name || '[Object: null prototype]',
      entries.length,
      entries,
      '{}',
      depth,
    );
  }
}

function functionText(value: { name?: string }): string {
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  if (isClass) return `[class ${value.name || '(anonymous)'}]`;
  return value.name ? `[Function: ${value.name}]` : '[Function (anonymous)]';
}

const keyText = (key: string): string => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? key : `'${key}'`);

/** One line where it fits, else an element a line. */
function list(
  head: string,
  size: number,
  parts: readonly string[],
  [open, close]: string,
  depth: number,
): string {
  const more =
    size > parts.length ? [`... ${size - parts.length} more item${size - parts.length > 1 ? 's' : ''}`] : [];
  const all = [...parts, ...more];
  const prefix = head && `${head} `;
  if (!all.length) return `${prefix}${open}${close}`;
  const line = `${prefix}${open} ${all.join(', ')} ${close}`;
  if (line.length + depth * 2 <= 76 && !line.includes('\n')) return line;
  const indent = '  '.repeat(depth + 1);
  return `${prefix}${open}\n${all.map(part => indent + part).join(',\n')}\n${'  '.repeat(depth)}${close}`;
}
