/** The helper that lowered `using` and `await using` declarations call: resources end in reverse order, errors are kept. */

type Disposer = (this: unknown) => unknown;

interface Resource {
  value: unknown;
  dispose?: Disposer;
  awaited: boolean;
}

const nothing = Symbol('no error');

const disposer = (value: object, name: 'dispose' | 'asyncDispose'): Disposer | undefined => {
  // Node 20 has the symbols; a library may have made its own before them
  const symbol = (Symbol as unknown as Record<string, symbol>)[name] ?? Symbol.for(`Symbol.${name}`);
  return (value as Record<symbol, Disposer | undefined>)[symbol];
};

/** SuppressedError is not in Node 20. */
class Suppressed extends Error {
  override name = 'SuppressedError';
  constructor(
    readonly error: unknown,
    readonly suppressed: unknown,
  ) {
    super('an error was suppressed while a resource was disposed of', { cause: error });
  }
}

class UsingContext {
  /** The error that the block threw; the generated code assigns it. */
  e: unknown = nothing;
  private readonly resources: Resource[] = [];

  /** `using value` */
  u<T>(value: T): T {
    return this.add(value, false);
  }

  /** `await using value` */
  a<T>(value: T): T {
    return this.add(value, true);
  }

  /** Disposes of all; a promise where one of them is awaited. */
  d(): void | Promise<void> {
    const rest = this.resources.splice(0).reverse();
    if (rest.some(resource => resource.awaited)) return this.disposeAwaited(rest);
    for (const { value, dispose } of rest) this.attempt(() => dispose?.call(value));
    this.finish();
  }

  private add<T>(value: T, awaited: boolean): T {
    if (value === null || value === undefined) {
      if (awaited) this.resources.push({ value, awaited });
      return value;
    }
    const dispose =
      (awaited && disposer(Object(value) as object, 'asyncDispose')) ||
      disposer(Object(value) as object, 'dispose');
    if (typeof dispose !== 'function')
      throw new TypeError(
        `\`${awaited ? 'await using' : 'using'}\` needs a value with [Symbol.${awaited ? 'asyncDispose' : 'dispose'}]`,
      );
    this.resources.push({ value, dispose, awaited });
    return value;
  }

  private async disposeAwaited(rest: readonly Resource[]): Promise<void> {
    for (const { value, dispose, awaited } of rest)
      try {
        const result = dispose?.call(value);
        if (awaited) await result;
      } catch (error) {
        this.keep(error);
      }
    this.finish();
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.keep(error);
    }
  }

  private keep(error: unknown): void {
    this.e = this.e === nothing ? error : new Suppressed(error, this.e);
  }

  private finish(): void {
    if (this.e !== nothing) throw this.e;
  }
}

export const disposeHelpers = { usingCtx: () => new UsingContext() };
