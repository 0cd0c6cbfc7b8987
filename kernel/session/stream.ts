/**
 * Text on its way out: gathered per run and stream, sent a few times a second. A cell that floods, with text or with
 * displays, is slowed down, by not reading from it, to what a browser can show.
 */
import type { StreamName } from './runner-protocol.ts';

export interface StreamsOptions {
  publish(run: number, name: StreamName, text: string): void;
  /** Stops or resumes reading from the runner. */
  pause(): void;
  resume(): void;
}

/** Between two messages of a stream, in ms. */
const INTERVAL = 50;
/** Lines that follow one another closely go together, in ms. */
const GATHER = 3;
/** Characters that may wait before the runner has to. */
const LIMIT = 1 << 18;
/** Messages of streams that go out together. */
const PARTS = 100;
/** Messages of other kinds that may go out in a span of time, in ms, before the runner has to wait for its end. */
const BURST = 500;
const SPAN = 100;

export function createStreams({ publish, pause, resume }: StreamsOptions) {
  let pending: { run: number; name: StreamName; texts: string[] }[] = [];
  let size = 0;
  let paused = false;
  let timer: NodeJS.Timeout | undefined;
  let sent = 0;
  let span = { since: 0, messages: 0 };
  let held: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const ready = pending;
    if (ready.length) sent = performance.now();
    pending = [];
    size = 0;
    for (const { run, name, texts } of ready) publish(run, name, texts.join(''));
    if (paused && !held) resume();
    paused = false;
  }

  /** Where both streams flood in turns, each keeps its own order, and no longer that between them. */
  const crowded = (run: number, name: StreamName) =>
    pending.length < PARTS ? undefined : pending.findLast(part => part.run === run && part.name === name);

  function release(): void {
    held = undefined;
    if (!paused) resume();
  }

  return {
    write(run: number, name: StreamName, text: string): void {
      const last = pending.at(-1);
      const joins = last?.run === run && last.name === name ? last : crowded(run, name);
      if (joins) joins.texts.push(text);
      else pending.push({ run, name, texts: [text] });
      size += text.length;
      timer ??= setTimeout(flush, Math.max(GATHER, sent + INTERVAL - performance.now()));
      if (size > LIMIT && !paused) {
        paused = true;
        pause();
      }
    },
    /** Sends what waits; called before anything whose place among the text matters. */
    flush,
    /** Counts a message that is no text. */
    count(): void {
      const now = performance.now();
      if (now - span.since >= SPAN) span = { since: now, messages: 0 };
      if (++span.messages < BURST || held) return;
      held = setTimeout(release, span.since + SPAN - now);
      pause();
    },
  };
}

export type Streams = ReturnType<typeof createStreams>;
