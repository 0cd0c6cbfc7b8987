/**
 * A value → MIME bundle: what a cell's result and `display` send. Values that answer `Symbol.for('Jupyter.display')`
 * show themselves; of the rest there is always a text, and more where `rich.ts` knows more. Nothing that a value does
 * when it is looked at makes a cell fail.
 */
import type { MimeBundle } from '../base/host.ts';
import { isTensor } from '../base/tensor.ts';
import { displaySymbol, isDisplayable, type DisplayOptions } from './displayable.ts';
import { richOf } from './rich.ts';
import { reasonOf, textOf } from './text.ts';
import { toBase64 } from '../base/base64.ts';

export {
  displaySymbol,
  isDisplayable,
  isSilent,
  silentSymbol,
  type Displayable,
  type DisplayOptions,
} from './displayable.ts';

/** Always carries `text/plain`. A promise only where the value takes its time. */
export function bundleOf(value: unknown, options?: DisplayOptions): MimeBundle | Promise<MimeBundle> {
  // a tensor of any copy of the library looks as this copy shows it
  if (!isDisplayable(value) || isTensorSafely(value)) return plainBundle(value);
  try {
    const made = value[displaySymbol](options);
    if (made instanceof Promise || typeof (made as { then?: unknown } | undefined)?.then === 'function')
      return Promise.resolve(made).then(
        bundle => complete(bundle, value),
        (error: unknown) => failed(error, value),
      );
    return complete(made as MimeBundle, value);
  } catch (error) {
    return failed(error, value);
  }
}

function complete(bundle: MimeBundle, value: unknown): MimeBundle {
  if (typeof bundle !== 'object' || bundle === null || Array.isArray(bundle))
    return failed(new TypeError('it returned no MIME bundle'), value);
  try {
    const pieces = Object.entries(bundle).flatMap(([type, content]) => {
      const piece = content === undefined || content === null ? undefined : sendable(type, content);
      return piece === undefined ? [] : [[type, piece] as const];
    });
    return { 'text/plain': textOf(value), ...Object.fromEntries(pieces) };
  } catch (error) {
    return failed(error, value);
  }
}

/** What can travel as JSON: bytes as base64, anything else as its copy. */
function sendable(type: string, content: unknown): unknown {
  if (typeof content === 'string') return content;
  if (content instanceof Uint8Array) return toBase64(content);
  if (type.startsWith('text/'))
    return Array.isArray(content) ? content.map(String).join('') : String(content);
  const text = JSON.stringify(content) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** A display that fails must not take the value away. */
const failed = (error: unknown, value: unknown): MimeBundle => ({
  'text/plain': `${textOf(value)}\n(its own display failed: ${reasonOf(error)})`,
});

function plainBundle(value: unknown): MimeBundle {
  try {
    const rich = richOf(value);
    return 'text/plain' in rich ? rich : { ...rich, 'text/plain': textOf(value) };
  } catch {
    return { 'text/plain': textOf(value) };
  }
}

function isTensorSafely(value: unknown): boolean {
  try {
    return isTensor(value);
  } catch {
    return false;
  }
}
