/**
 * A bar with rate and time left that updates in place: `for (const x of progress(xs))`, or `progress(100)` and `.step()`.
 * A bar begun while another runs stands under it and goes when it ends; the outermost leaves its last line.
 */
import { host, type MimeBundle } from '../base/host.ts';
import { silentSymbol } from './bundle.ts';
import { newDisplayId } from './display.ts';
import { escapeHtml } from './html.ts';

export interface ProgressOptions {
  /** How many steps there will be, where the iterable does not know. */
  total?: number;
}

/** The bars that are running, outermost first; all are drawn in the display of the first. */
const running: Progress<unknown>[] = [];
const minInterval = 100; // ms between updates, so that a fast loop is not slowed by its bar

export class Progress<T> implements Iterable<T>, AsyncIterable<T> {
  done = 0;
  note = '';
  state: 'running' | 'done' | 'stopped' = 'running';
  readonly [silentSymbol] = true;
  private readonly began = now();
  private ended = 0;
  private shownAt = -Infinity;
  private readonly id = newDisplayId();
  private readonly cell = host().cell;

  constructor(
    private readonly items: Iterable<T> | AsyncIterable<T>,
    readonly total: number | undefined,
    readonly label: string,
  ) {
    // bars that an earlier cell left behind by an error are over
    if (running.length && running[0].cell !== this.cell) running.splice(0);
    running.push(this as Progress<unknown>);
    running[0].show(running.length > 1);
  }

  /** Counts `steps` more as done, with an optional note beside the bar, e.g. the loss. */
  step(steps = 1, note = this.note): void {
    this.to(this.done + steps, note);
  }

  /** Sets how many are done. */
  to(done: number, note = this.note): void {
    this.done = done;
    this.note = note;
    if (this.state === 'running' && this.total !== undefined && done >= this.total) this.end('done');
    else root()?.show(true);
  }

  /** Ends the bar where it is: `stopped` unless everything was done. */
  end(
    state: 'done' | 'stopped' = this.total === undefined || this.done >= this.total ? 'done' : 'stopped',
  ): void {
    if (this.state !== 'running') return;
    this.state = state;
    this.ended = now();
    const first = root();
    const at = running.indexOf(this as Progress<unknown>);
    if (at >= 0) running.splice(at, 1);
    // the outermost takes the rest along: nothing may stay on top of a finished bar
    if (at === 0) running.splice(0);
    if (at === 0) this.show(true, true);
    else first?.show(true);
  }

  *[Symbol.iterator](): Generator<T> {
    if (!(Symbol.iterator in this.items))
      throw new TypeError(
        'progress: these items come one by one; use `for await (const item of progress(items))`',
      );
    let ended = false;
    try {
      for (const item of this.items) {
        yield item;
        this.step();
      }
      ended = true;
    } finally {
      this.end(ended ? 'done' : undefined);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    let ended = false;
    try {
      for await (const item of this.items) {
        yield item;
        this.step();
      }
      ended = true;
    } finally {
      this.end(ended ? 'done' : undefined);
    }
  }

  /** One line: `label 45% ████▌     45/100, 3.4/s, 16 s left, note`. */
  toString(): string {
    const { done, total, label, note, state } = this;
    const seconds = ((this.ended || now()) - this.began) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const share = total ? Math.min(1, done / total) : undefined;
    const bar =
      share !== undefined && state === 'running' ? `${Math.floor(share * 100)}% ${blocks(share)}` : '';
    const facts = [
      total === undefined ? `${done}` : `${done}/${total}`,
      rate > 0 && (rate >= 1 ? `${+rate.toPrecision(3)}/s` : `${+(1 / rate).toPrecision(3)} s each`),
      state === 'running'
        ? rate > 0 && total !== undefined && `${duration((total - done) / rate)} left`
        : `${state === 'done' ? 'in' : 'stopped after'} ${duration(seconds)}`,
      note,
    ];
    return [label, bar, facts.filter(Boolean).join(', ')].filter(Boolean).join(' ');
  }

  private bundle(): MimeBundle {
    const bars = this.state === 'running' ? running : [this as Progress<unknown>];
    const lines = bars.map((bar, depth) => `${'  '.repeat(depth)}${bar.toString()}`);
    const html = bars.map((bar, depth) => bar.html(depth)).join('\n');
    return { 'text/html': `<div>\n${html}\n</div>`, 'text/plain': lines.join('\n') };
  }

  private html(depth: number): string {
    const { total, done, state } = this;
    const bar = state === 'running' && total ? `<progress max="${total}" value="${done}"></progress> ` : '';
    const text = this.toString().replace(/ ?\d+% [█▏▎▍▌▋▊▉ ]+(?=\d)/u, ' ');
    return `<div style="margin-left: ${depth * 1.5}em; font-family: monospace">${bar}${escapeHtml(text.trim())}</div>`;
  }

  private show(update: boolean, last = false): void {
    // a terminal adds a line for each display instead of replacing one: there only the last line is printed
    if (!hosted() && !last) return;
    if (!last && now() - this.shownAt < minInterval) return;
    this.shownAt = now();
    host().display(this.bundle(), { id: this.id, update: update && hosted() });
  }
}

const hosted = (): boolean =>
  (globalThis as Record<symbol, unknown>)[Symbol.for('neuronbook.host')] !== undefined;
const now = (): number => performance.now();
const root = (): Progress<unknown> | undefined => running[0];

/** Ten cells of eighths. */
function blocks(share: number): string {
  const eighths = Math.round(share * 80);
  const full = '█'.repeat(Math.floor(eighths / 8));
  return (full + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]).padEnd(10);
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 10) return `${+seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return whole < 3600
    ? `${Math.floor(whole / 60)}:${two(whole % 60)} min`
    : `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
}

/**
 * A bar over a list, an iterator (also an async one), or as many steps as `items` says.
 * @example for (const step of progress(3, 'Counting')) display(step)
 */
export function progress(items: number, label?: string): Progress<number>;
export function progress<T>(
  items: Iterable<T> | AsyncIterable<T>,
  label?: string,
  options?: ProgressOptions,
): Progress<T>;
export function progress<T>(
  items: number | Iterable<T> | AsyncIterable<T>,
  label = '',
  options: ProgressOptions = {},
): Progress<T> | Progress<number> {
  if (typeof items === 'number') return new Progress(upTo(items), items, label);
  const { length, size } = items as { length?: number; size?: number };
  return new Progress(items, options.total ?? length ?? size, label);
}

function* upTo(total: number): Generator<number> {
  for (let i = 0; i < total; i++) yield i;
}
