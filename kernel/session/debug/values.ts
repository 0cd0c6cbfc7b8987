/**
 * Live values as the Debug Adapter Protocol lists them: in the runner. A handle is a number that a client got for a
 * value and sends back to see what is inside; long lists are cut into ranges, and getters wait until they are asked.
 */
import { types } from 'node:util';
import { DebugError, type Page, type Variable } from './dap.ts';
import { describe, typeOf } from './describe.ts';

/** Longer lists are shown in ranges, unless the client asks for a page. */
const LONGEST = 500;
const RANGE = 100;

/** One thing inside another: there, or to be computed by a getter. */
type Field = { name: string; path?: string } & ({ value: unknown } | { get: () => unknown });

/** A list that is only looked at where somebody looks. */
interface Fields {
  length: number;
  at(index: number): Field;
}

interface Inside {
  indexed: Fields;
  named: Fields;
}

export type Handles = ReturnType<typeof createHandles>;

export function createHandles() {
  const handles = new Map<number, Inside>();
  let last = 0;

  function hold(inside: Inside): number {
    handles.set(++last, inside);
    return last;
  }

  function variable(field: Field): Variable {
    const { name, path } = field;
    if ('get' in field) {
      const answer = { length: 1, at: () => ({ name: 'value', path, ...attempt(field.get) }) };
      return {
        name,
        value: '(…)',
        type: 'getter',
        ...(path && { evaluateName: path }),
        variablesReference: hold({ ...nothing, named: answer }),
        presentationHint: { lazy: true },
      };
    }
    return { name, ...shown(field.value, path) };
  }

  function shown(value: unknown, path?: string): Omit<Variable, 'name'> {
    const inside = insideOf(value, path);
    const { indexed, named } = inside ?? nothing;
    const open = indexed.length + named.length > 0;
    return {
      value: describe(value),
      type: typeOf(value),
      ...(path && { evaluateName: path }),
      variablesReference: inside && open ? hold(inside) : 0,
      ...(indexed.length > 0 && { indexedVariables: indexed.length }),
      ...(open && { namedVariables: named.length }),
    };
  }

  return {
    /** A value as the answer to an expression; `path` evaluates to it again. */
    shown,
    /** A scope: variables by name, read whenever somebody looks. A value of `undefined` is one too. */
    scope(read: () => ReadonlyMap<string, unknown>): number {
      return hold({
        ...nothing,
        get named() {
          return listOf([...read()].map(([name, value]) => ({ name, path: name, value })));
        },
      });
    },
    /** @throws DebugError where the handle is from before the cell went on */
    children(handle: number, { filter, start = 0, count = 0 }: Page = {}): Variable[] {
      const inside = handles.get(handle);
      if (!inside)
        throw new DebugError(
          `variablesReference ${handle}: not known any more; references end when the cell goes on; ask for scopes again`,
        );
      const fields = filter ? inside[filter] : joined(inside.indexed, inside.named);
      if (!start && !count && fields.length > LONGEST) return ranges(fields);
      const end = Math.min(fields.length, count > 0 ? start + count : Infinity);
      return Array.from({ length: Math.max(0, end - start) }, (_, i) => variable(fields.at(start + i)));
    },
    clear: () => handles.clear(),
  };

  function ranges(fields: Fields): Variable[] {
    let size = RANGE;
    while (fields.length / size > RANGE) size *= RANGE;
    return Array.from({ length: Math.ceil(fields.length / size) }, (_, i) => {
      const start = i * size;
      const end = Math.min(start + size, fields.length);
      const part = { length: end - start, at: (index: number) => fields.at(start + index) };
      return {
        name: `${fields.at(start).name} … ${fields.at(end - 1).name}`,
        value: `${end - start} values`,
        type: '',
        variablesReference: hold({ ...nothing, named: part }),
        namedVariables: part.length,
        presentationHint: { kind: 'virtual' },
      };
    });
  }
}

const listOf = (fields: readonly Field[]): Fields => ({ length: fields.length, at: index => fields[index] });
const nothing: Inside = { indexed: listOf([]), named: listOf([]) };

const joined = (first: Fields, second: Fields): Fields => ({
  length: first.length + second.length,
  at: index => (index < first.length ? first.at(index) : second.at(index - first.length)),
});

/** Runs a getter, now that somebody asked; what it throws is its answer. */
function attempt(get: () => unknown): { value: unknown } {
  try {
    return { value: get() };
  } catch (error) {
    return { value: error };
  }
}

function insideOf(value: unknown, path?: string): Inside | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  // looking into a proxy would run its traps
  if (types.isProxy(value)) return undefined;
  const length = Array.isArray(value) || types.isTypedArray(value) ? value.length : 0;
  if (types.isMap(value)) return { indexed: entriesOf(value), named: propertiesOf(value, path) };
  if (types.isSet(value)) return { indexed: membersOf(value), named: propertiesOf(value, path) };
  return {
    indexed: { length, at: index => fieldOf(value, String(index), index in value ? value : undefined, path) },
    named: propertiesOf(value, path),
  };
}

function entriesOf(map: Map<unknown, unknown>): Fields {
  const entries = [...Map.prototype.entries.call(map)] as [unknown, unknown][];
  return {
    length: entries.length,
    at(index) {
      const [key, value] = entries[index];
      const plain = typeof key !== 'object' && typeof key !== 'function';
      return plain ? { name: describe(key), value } : { name: String(index), value: { key, value } };
    },
  };
}

function membersOf(set: Set<unknown>): Fields {
  const members = [...Set.prototype.values.call(set)] as unknown[];
  return { length: members.length, at: index => ({ name: String(index), value: members[index] }) };
}

/** Own properties, then the getters of its class. */
function propertiesOf(value: object, path?: string): Fields {
  const isList = Array.isArray(value) || types.isTypedArray(value);
  const keys = Reflect.ownKeys(value).filter(
    key =>
      !(isList && (key === 'length' || isIndex(key))) && !(typeof value === 'function' && isOfFunctions(key)),
  );
  const getters = gettersOf(value).filter(([key]) => !keys.includes(key));
  return {
    length: keys.length + getters.length,
    at(index) {
      const [key, holder] = index < keys.length ? [keys[index], value] : getters[index - keys.length];
      return fieldOf(value, key, holder, path);
    },
  };
}

const isIndex = (key: string | symbol): boolean => typeof key === 'string' && /^\d+$/.test(key);
const isOfFunctions = (key: string | symbol): boolean =>
  ['length', 'name', 'prototype', 'arguments', 'caller'].includes(String(key));

/** Getters that the classes of a value define, with where; those of the language itself are left out. */
function gettersOf(value: object): [string | symbol, object][] {
  const found: [string | symbol, object][] = [];
  for (let at = parentOf(value); at && isUsers(at); at = parentOf(at))
    for (const key of Reflect.ownKeys(at))
      if (key !== '__proto__' && Object.getOwnPropertyDescriptor(at, key)?.get) found.push([key, at]);
  return found;
}

const parentOf = (value: object): object | null => Object.getPrototypeOf(value) as object | null;

const isUsers = (prototype: object): boolean => {
  if (types.isProxy(prototype)) return false;
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof made === 'function' && !/\[native code\]\s*\}$/.test(Function.prototype.toString.call(made));
};

/** A property of `value`, found on `holder`. */
function fieldOf(value: object, key: string | symbol, holder: object | undefined, path?: string): Field {
  const field = { name: String(key), path: pathOf(path, key) };
  const found = holder && Object.getOwnPropertyDescriptor(holder, key);
  if (!found) return { ...field, value: undefined };
  if (found.get) return { ...field, get: () => found.get?.call(value) as unknown };
  return { ...field, value: found.value as unknown };
}

function pathOf(path: string | undefined, key: string | symbol): string | undefined {
  if (path === undefined || typeof key === 'symbol') return undefined;
  if (isIndex(key)) return `${path}[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
    ? `${path}.${key}`
    : `${path}[${JSON.stringify(key)}]`;
}
