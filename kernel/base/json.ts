/** JSON of values that users chose: what JSON has no words for must not take the rest along. */

/** Large integers become text, what contains itself ends there; otherwise as `JSON.stringify`. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    const above: unknown[] = [];
    return JSON.stringify(value, function (this: unknown, _, inner: unknown) {
      if (typeof inner === 'bigint') return String(inner);
      // `this` holds `inner`: what lies above it ends there
      above.splice(above.lastIndexOf(this) + 1);
      if (typeof inner !== 'object' || inner === null) return inner;
      if (above.includes(inner)) return '[circular]';
      above.push(inner);
      return inner;
    });
  }
}

/** What a front end will see of a value: text as it is, the rest by way of JSON. */
export const plain = <T>(value: T): T =>
  typeof value === 'string' ? value : (JSON.parse(toJson(value) ?? 'null') as T);

/** The same for each entry of a record; those without a value are left out. */
export const plainEntries = <T extends Record<string, unknown>>(record: T): T =>
  Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => value !== undefined && typeof value !== 'function')
      .map(([name, value]) => [name, plain(value)]),
  ) as T;
