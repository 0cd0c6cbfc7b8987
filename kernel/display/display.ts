/** What cells call to show something: now, in place of something shown before, or not at all any more. */
import { host, type DisplayOptions, type MimeBundle } from '../base/host.ts';
import { bundleOf, displaySymbol, silentSymbol, type Displayable } from './bundle.ts';

/** A display that can be replaced in place. */
export interface DisplayHandle {
  readonly id: string;
  /** Settles when the display has been sent; at once, unless the value shows itself by a promise. */
  readonly shown: Promise<void>;
  update(value: unknown): DisplayHandle;
}

/** Ids of displays are unique in the notebook, also after the kernel has restarted. */
export const newDisplayId = (): string =>
  `nb-${Array.from({ length: 4 }, () =>
    Math.floor(Math.random() * 0x10000)
      .toString(16)
      .padStart(4, '0'),
  ).join('')}`;

/**
 * Shows a value below the cell. With an `id`, all displays of that id are one and change together.
 * @example
 * const shown = display('working …')
 * shown.update('done')
 */
export function display(
  value: unknown,
  { id = newDisplayId(), ...options }: Omit<DisplayOptions, 'update'> = {},
): DisplayHandle {
  return handle(id, send(value, { id, ...options }));
}

/**
 * Replaces what was shown under an id, or by a handle.
 * @example
 * display('1 of 2', { id: 'count' })
 * update('count', '2 of 2')
 */
export function update(target: string | DisplayHandle, value: unknown): DisplayHandle {
  const id = typeof target === 'string' ? target : target.id;
  return handle(id, send(value, { id, update: true }));
}

/**
 * Empties the cell's output; with `wait`, as soon as something new comes.
 * @example clear({ wait: true })
 */
export function clear(options?: { wait?: boolean }): void {
  host().clear(options);
}

/**
 * Asks the user for a line of text.
 * @example const name = await input('Your name? ')
 */
export async function input(prompt = '', options?: { password?: boolean }): Promise<string> {
  const asked = host();
  if (!asked.input)
    throw new Error('nobody to ask: this host takes no input; pass the value in the code instead');
  return asked.input(prompt, options);
}

function send(value: unknown, options: DisplayOptions): Promise<void> {
  const at = host();
  const bundle = bundleOf(value);
  if (bundle instanceof Promise) return bundle.then(ready => at.display(ready, options));
  at.display(bundle, options);
  return Promise.resolve();
}

function handle(id: string, shown: Promise<void>): DisplayHandle {
  return Object.assign(
    { id, shown, update: (value: unknown) => update(id, value) },
    { [silentSymbol]: true },
  );
}

/** A value that shows as the given MIME bundle. */
export const mime = (bundle: MimeBundle): Displayable => ({ [displaySymbol]: () => bundle });
/**
 * A value that shows as HTML; without scripts, so that it reads the same in an untrusted notebook.
 * @example display(html('<b>bold</b>'))
 */
export const html = (text: string): Displayable =>
  mime({ 'text/html': text, 'text/plain': text.replace(/<[^>]*>/g, '') });
/** A value that shows as Markdown. @example display(markdown('**bold**, $x^2$')) */
export const markdown = (text: string): Displayable => mime({ 'text/markdown': text, 'text/plain': text });
export const latex = (text: string): Displayable => mime({ 'text/latex': text, 'text/plain': text });
/**
 * A value that shows as an SVG drawing.
 * @example display(svg('<svg width="8" height="8"><circle cx="4" cy="4" r="4"/></svg>'))
 */
export const svg = (text: string): Displayable =>
  mime({ 'image/svg+xml': text, 'text/plain': 'svg picture' });
