/** A monitor draws now and then, keeps the shape of long curves, and tells how the run ended. */
import { afterEach, expect, test, vi } from 'vitest';
import { setHost, type MimeBundle } from '../../base/host.ts';
import { NEURONBOOK_MIME } from '../payload.ts';
import { monitor, type TrainingPayload } from './training.ts';

afterEach(() => {
  setHost(undefined);
  vi.useRealTimers();
});

function watching(interrupted = false) {
  const shown: TrainingPayload['data'][] = [];
  const ids = new Set<string | undefined>();
  setHost({
    display: (bundle: MimeBundle, options) => {
      shown.push((bundle[NEURONBOOK_MIME] as TrainingPayload).data);
      ids.add(options?.id);
    },
    clear() {},
    interrupted,
    enterNative() {},
    leaveNative() {},
  });
  return { shown, ids };
}

test('a thousand steps in a second are a handful of pictures of one display', () => {
  vi.useFakeTimers();
  const { shown, ids } = watching();
  const watched = monitor({ title: 'run', total: 1000 });
  for (let step = 1; step <= 1000; step++) {
    vi.advanceTimersByTime(1);
    watched.add(step, { loss: 1 / step });
  }
  watched.done();
  expect(shown.length).toBeGreaterThan(3);
  expect(shown.length).toBeLessThan(7);
  expect(ids.size).toBe(1);
  expect(shown[0].state).toBe('running');
  expect(shown.at(-1)).toMatchObject({ state: 'done', step: 1000, total: 1000 });
});

test('long curves are thinned, and their last value stays', () => {
  const { shown } = watching();
  const watched = monitor();
  for (let step = 0; step < 5000; step++) watched.add(step, { loss: step });
  watched.done();
  const [{ steps, values }] = shown.at(-1)!.curves;
  expect(steps.length).toBeLessThan(2001);
  expect([steps.at(-1), values.at(-1)]).toEqual([4999, 4999]);
});

test('a run that was stopped says so', () => {
  const { shown } = watching(true);
  const watched = monitor();
  watched.add(1, { loss: 1 });
  watched.done();
  expect(shown.at(-1)!.state).toBe('interrupted');
});
