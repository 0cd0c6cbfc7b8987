/** Floods of text and of displays make the runner wait; what waits is sent in its order. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStreams } from './stream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setting() {
  const log: string[] = [];
  const streams = createStreams({
    publish: (run, name, text) => log.push(`${run} ${name} ${text.length > 20 ? text.length : text}`),
    pause: () => log.push('pause'),
    resume: () => log.push('resume'),
  });
  return { log, streams };
}

test('lines that follow one another go together, runs and streams apart', () => {
  const { log, streams } = setting();
  for (const text of ['a', 'b']) streams.write(1, 'stdout', text);
  streams.write(1, 'stderr', 'c');
  streams.write(2, 'stdout', 'd');
  vi.advanceTimersByTime(100);
  expect(log).toEqual(['1 stdout ab', '1 stderr c', '2 stdout d']);
});

test('a flood of text waits until it has been sent', () => {
  const { log, streams } = setting();
  for (let i = 0; i < 3; i++) streams.write(1, 'stdout', 'x'.repeat(200_000));
  expect(log).toEqual(['pause']);
  vi.advanceTimersByTime(100);
  expect(log).toEqual(['pause', '1 stdout 600000', 'resume']);
});

test('two streams that flood in turns go out in few messages, each in its order', () => {
  const { log, streams } = setting();
  for (let i = 0; i < 1000; i++) {
    streams.write(1, 'stdout', `${i};`);
    streams.write(1, 'stderr', `${i}!`);
  }
  streams.write(2, 'stdout', 'another');
  vi.advanceTimersByTime(100);
  expect(log).toHaveLength(101);
  expect(log.slice(0, 4)).toEqual(['1 stdout 0;', '1 stderr 0!', '1 stdout 1;', '1 stderr 1!']);
  expect(log.at(-1)).toBe('2 stdout another');
});

test('a flood of displays waits for the end of its span, text among it or not', () => {
  const { log, streams } = setting();
  for (let i = 0; i < 499; i++) streams.count();
  expect(log).toEqual([]);
  for (let i = 0; i < 300; i++) streams.count();
  streams.write(1, 'stdout', 'x'.repeat(300_000));
  streams.flush();
  expect(log).toEqual(['pause', 'pause', '1 stdout 300000']);
  vi.advanceTimersByTime(100);
  expect(log.at(-1)).toBe('resume');
  // a slow sequence never waits
  for (let i = 0; i < 2000; i++) {
    streams.count();
    vi.advanceTimersByTime(1);
  }
  expect(log.filter(line => line === 'pause')).toHaveLength(2);
});
