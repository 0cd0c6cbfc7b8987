/** When a run that does not end by itself is killed, and what it gets before. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLadder } from './ladder.ts';
import type { Runner } from './runner-process.ts';
import type { InterruptStatus } from './runner-protocol.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** @param reports what the interrupt worker says, so many ms after the interrupt */
function setting(reports: (ms: number) => InterruptStatus | undefined) {
  const log: string[] = [];
  const began = Date.now();
  const since = () => Date.now() - began;
  const runner = {
    interrupt: () => undefined,
    send: () => undefined,
    status() {
      const status = reports(since());
      return status && { ...status, at: Date.now() };
    },
  } as unknown as Runner;
  const ladder = createLadder({
    runner: () => runner,
    notice: () => log.push(`notice at ${since()}`),
    kill: (_, reason) => log.push(`kill at ${since()}: ${reason}`),
  });
  return { log, ladder };
}

test.each<[string, (ms: number) => InterruptStatus | undefined, string[]]>([
  [
    'one that a termination did not help, 2.5 s after it',
    ms => ({ native: 0, terminatedAt: ms > 300 ? Date.now() - (ms - 300) : 0 }),
    ['kill at 2850: it did not react to the interrupt'],
  ],
  ['one that was not terminated yet, late', () => ({ native: 0, terminatedAt: 0 }), ['kill at 8050: it did']],
  ['one whose worker says nothing, still starting as it may be', () => undefined, ['kill at 8050: it did']],
  ['one in a native step, never', () => ({ native: 1, terminatedAt: 0 }), ['notice at 550']],
])('%s', (_, reports, expected) => {
  const { log, ladder } = setting(reports);
  ladder.interrupt(1);
  vi.advanceTimersByTime(60_000);
  expect(log).toEqual(expected.map(line => expect.stringContaining(line) as unknown));
});

test('a second interrupt kills during a native step, and not otherwise', () => {
  let native = 1;
  const { log, ladder } = setting(() => ({ native, terminatedAt: 0 }));
  ladder.interrupt(1);
  vi.advanceTimersByTime(1000);
  native = 0;
  ladder.interrupt(1);
  native = 1;
  ladder.interrupt(1);
  vi.advanceTimersByTime(20_000);
  expect(log).toEqual(['notice at 550', 'kill at 1000: a second interrupt came during a native step']);
});

test('a run that was answered is left alone', () => {
  const { log, ladder } = setting(() => undefined);
  ladder.interrupt(1);
  vi.advanceTimersByTime(1900);
  ladder.settled(1);
  vi.advanceTimersByTime(20_000);
  expect(log).toEqual([]);
});
