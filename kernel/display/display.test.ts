/** Displays and progress bars, as the messages that a host receives. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { setHost, type DisplayOptions, type Host, type MimeBundle } from '../base/host.ts';
import { displaySymbol, isSilent } from './bundle.ts';
import { clear, display, input, update } from './display.ts';
import { progress } from './progress.ts';

let sent: { bundle: MimeBundle; options?: DisplayOptions }[];
let now: number;

const fakeHost = (more: Partial<Host> = {}): Host => ({
  display: (bundle, options) => sent.push({ bundle, options }),
  clear: options => sent.push({ bundle: { clear: options?.wait ?? false } }),
  interrupted: false,
  enterNative() {},
  leaveNative() {},
  ...more,
});

beforeEach(() => {
  sent = [];
  now = 0;
  setHost(fakeHost());
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  setHost(undefined);
  vi.restoreAllMocks();
});

const texts = () => sent.map(({ bundle }) => bundle['text/plain']);

describe('display', () => {
  test('shows, and updates in place', () => {
    const handle = display(1, { id: 'a' });
    handle.update(2);
    update('a', 3);
    expect(sent).toEqual([
      { bundle: { 'text/plain': '1' }, options: { id: 'a' } },
      { bundle: { 'text/plain': '2' }, options: { id: 'a', update: true } },
      { bundle: { 'text/plain': '3' }, options: { id: 'a', update: true } },
    ]);
    expect(isSilent(handle)).toBe(true);
  });

  test('makes an id where none is given', () => {
    expect(display(1).id).toMatch(/^nb-[0-9a-f]{16}$/);
    expect(display(1).id).not.toBe(display(1).id);
  });

  test('waits for a value that takes its time', async () => {
    await display({ [displaySymbol]: async () => ({ 'text/plain': 'late' }) }).shown;
    expect(texts()).toEqual(['late']);
  });

  test('clears', () => {
    clear({ wait: true });
    expect(sent).toEqual([{ bundle: { clear: true } }]);
  });

  test('asks, and says where nobody answers', async () => {
    await expect(input('name? ')).rejects.toThrow('nobody to ask: this host takes no input');
    setHost(fakeHost({ input: prompt => Promise.resolve(`${prompt}me`) }));
    expect(await input('name? ')).toBe('name? me');
  });
});

describe('progress', () => {
  test('shows rate and time left, at most ten times a second, and leaves a last line', () => {
    const seen: number[] = [];
    for (const item of progress(
      Array.from({ length: 40 }, (_, i) => i),
      'reading',
    )) {
      seen.push(item);
      now += 50;
    }
    expect(seen).toHaveLength(40);
    expect(sent).toHaveLength(21);
    expect(texts()[1]).toBe('reading 5% ▌          2/40, 20/s, 1.9 s left');
    expect(texts()[10]).toBe('reading 50% █████      20/40, 20/s, 1 s left');
    expect(sent.at(-1)?.bundle).toEqual({
      'text/html':
        '<div>\n<div style="margin-left: 0em; font-family: monospace">reading 40/40, 20/s, in 2 s</div>\n</div>',
      'text/plain': 'reading 40/40, 20/s, in 2 s',
    });
    expect(new Set(sent.map(({ options }) => options?.id)).size).toBe(1);
    expect(sent.map(({ options }) => options?.update)).toEqual([false, ...Array<boolean>(20).fill(true)]);
  });

  test('draws its bar in HTML without script', () => {
    const bar = progress(4, 'a<b');
    now += 1000;
    bar.step(1, 'loss 0.5');
    expect(sent.at(-1)?.bundle['text/html']).toBe(
      '<div>\n<div style="margin-left: 0em; font-family: monospace"><progress max="4" value="1"></progress> a&lt;b 1/4, 1/s, 3 s left, loss 0.5</div>\n</div>',
    );
    bar.end();
    expect(texts().at(-1)).toBe('a<b 1/4, 1/s, stopped after 1 s, loss 0.5');
  });

  test('an inner bar stands under the outer one and goes when it ends', () => {
    for (const _ of progress(2, 'epoch')) for (const _ of progress(2, 'batch')) now += 200;
    expect(new Set(sent.map(({ options }) => options?.id)).size).toBe(1);
    expect(sent.slice(1).map(({ options }) => options?.update)).not.toContain(false);
    expect(texts()).toContain('epoch 0%            0/2\n  batch 50% █████      1/2, 5/s, 0.2 s left');
    expect(texts().at(-1)).toBe('epoch 2/2, 2.5/s, in 0.8 s');
  });

  test('break and throw stop it where it is', () => {
    for (const i of progress(10)) if (i === 3) break;
    expect(texts().at(-1)).toBe('3/10, stopped after 0 s');
    now = 5000;
    expect(() => {
      for (const _ of progress([1, 2])) throw new Error('no');
    }).toThrow('no');
    expect(texts().at(-1)).toBe('0/2, stopped after 0 s');
  });

  test('async items, without a known total', async () => {
    async function* items() {
      yield 1;
      now += 2000;
      yield 2;
    }
    const seen: number[] = [];
    for await (const item of progress(items(), 'rows')) seen.push(item);
    expect(seen).toEqual([1, 2]);
    expect(texts().at(-1)).toBe('rows 2, 1/s, in 2 s');
    expect(() => [...progress(items())]).toThrow('use `for await (const item of progress(items))`');
  });

  test('a bar that an error left behind does not swallow the next cell', () => {
    setHost(fakeHost({ cell: 1 }));
    progress(5, 'lost');
    setHost(fakeHost({ cell: 2 }));
    progress(3, 'new').end();
    expect(texts()).toEqual([
      'lost 0%            0/5',
      'new 0%            0/3',
      'new 0/3, stopped after 0 s',
    ]);
  });

  test('a terminal gets the last line only', () => {
    setHost(undefined);
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    for (const _ of progress(3, 'steps')) now += 1000;
    expect(log.mock.calls).toEqual([['steps 3/3, 1/s, in 3 s']]);
  });
});
