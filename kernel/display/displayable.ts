/** Values that know how they look: what they answer to, here and in other kernels. */
import type { MimeBundle } from '../base/host.ts';

/** A method with this name returns a MIME bundle, or a promise of one. Deno and other kernels ask for it too. */
export const displaySymbol: unique symbol = Symbol.for('Jupyter.display') as never;

/** A value for which this is true has already shown itself: as a cell's last value it shows nothing. */
export const silentSymbol: unique symbol = Symbol.for('neuronbook.silent') as never;

export interface DisplayOptions {
  /** Nobody saves it: what a page with the extension draws and the words are enough, without pictures for other pages. */
  passing?: boolean;
}

export interface Displayable {
  [displaySymbol](options?: DisplayOptions): MimeBundle | Promise<MimeBundle>;
}

/** Reading a property of a stranger may throw: a proxy, a getter, a revoked object. */
function has(value: unknown, symbol: symbol, type: 'function' | 'truthy'): boolean {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  try {
    const found = (value as Record<symbol, unknown>)[symbol];
    return type === 'function' ? typeof found === 'function' : Boolean(found);
  } catch {
    return false;
  }
}

export const isSilent = (value: unknown): boolean =>
  value === undefined || has(value, silentSymbol, 'truthy');

export const isDisplayable = (value: unknown): value is Displayable => has(value, displaySymbol, 'function');
