/** One runner: starts the child, reads its pipes, and tells how it ended. */
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { createFrameReader, encodeFrame } from './frames.ts';
import { descendants, signalAll } from './process-tree.ts';
import { readInPlace } from './read-in-place.ts';
import { forkRunner } from './runner-fork.ts';
import {
  DEBUG_FD,
  EVENTS_FD,
  INTERRUPT_FD,
  REQUESTS_FD,
  type InterruptStatus,
  type RunnerEvent,
  type RunnerRequest,
  type StreamName,
} from './runner-protocol.ts';

export interface RunnerOptions {
  cwd: string;
  onEvent(event: RunnerEvent): void;
  /** Text of native code and child processes, which no JavaScript printed. */
  onOutput(name: StreamName, text: string): void;
  onExit(end: RunnerEnd): void;
}

export interface RunnerEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it wrote to its stderr, where Node says why it died. */
  lastWords: string;
  /** Whether it ever got as far as taking requests. */
  ready: boolean;
}

export interface Runner {
  send(request: RunnerRequest): void;
  /** Sets the token of `run`, also while the runner's main thread is blocked. */
  interrupt(run: number): void;
  /** What the interrupt worker last reported, and when. */
  status(): (InterruptStatus & { at: number }) | undefined;
  /** Waits until what children and native code printed so far has been read. */
  drain(): Promise<void>;
  pause(): void;
  resume(): void;
  kill(): void;
  /** Kills it, and asks what its cells have started to end too, but for what was detached to live on. */
  end(): void;
  readonly pid: number | undefined;
  /** The line to the runner's inspector, which answers while the main thread is blocked or stands at a breakpoint. */
  readonly debug: Socket;
}

const LAST_WORDS = 8192;
/** Buffers whose memory is used again, in bytes, and how long it is kept for that, in ms. */
const LARGE = 1 << 20;
const SOON = 1000;
/** What Node says at the end of a process whose interrupt worker has an inspector: nothing that a reader could use. */
const farewell = 'Waiting for the debugger to disconnect...\n';

export function createRunner({ cwd, onEvent, onOutput, onExit }: RunnerOptions): Runner {
  let status: (InterruptStatus & { at: number }) | undefined;
  let lastWords = '';
  let ready = false;
  let chunks = 0;

  /**
   * Memory of a large buffer that has gone to the child, for the answer: pages that the system has to find take longer than
   * what is copied to them.
   */
  let spare: Uint8Array | undefined;
  let forgetting: NodeJS.Timeout | undefined;
  function keep(part: Uint8Array): void {
    if (part.length < LARGE) return;
    spare = part;
    clearTimeout(forgetting);
    forgetting = setTimeout(() => (spare = undefined), SOON);
    forgetting.unref();
  }
  function lent(size: number): Buffer {
    if (!spare || size < LARGE || size > spare.length) return Buffer.allocUnsafeSlow(size);
    const memory = Buffer.from(spare.buffer, spare.byteOffset, size);
    spare = undefined;
    return memory;
  }

  const child = forkRunner(cwd);
  const [requests, line, eventsPipe, debug] = [REQUESTS_FD, INTERRUPT_FD, EVENTS_FD, DEBUG_FD].map(
    fd => (child.stdio as readonly unknown[])[fd] as Socket,
  );

  const reader = createFrameReader<RunnerEvent>(event => {
    if (event.type === 'ready') ready = true;
    onEvent(event);
  }, lent);
  const events = readInPlace(eventsPipe, reader, () => chunks++);
  line.setEncoding('utf8');
  line.on('data', text => {
    const last = String(text).trim().split('\n').at(-1) ?? '';
    // two reports can arrive as one and a half
    if (/^\{.*\}$/.test(last)) status = { ...(JSON.parse(last) as InterruptStatus), at: Date.now() };
  });
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8');
    (child[name] as Readable).on('data', (chunk: Buffer) => {
      chunks++;
      const text = decoder.write(chunk);
      if (name === 'stderr') lastWords = (lastWords + text).slice(-LAST_WORDS);
      const told = text.replace(farewell, '');
      if (told) onOutput(name, told);
    });
  }
  // writing to a child that just died is no news: `close` tells
  for (const pipe of [requests, line, eventsPipe, debug, child]) pipe.on('error', () => undefined);
  // `close`, not `exit`: by then every pipe has been read to its end
  child.on('close', (code, signal) => onExit({ code, signal, lastWords, ready }));
  // a grandchild that keeps a pipe open would hold `close` back
  child.on('exit', () => setTimeout(() => child.stdio.forEach(pipe => pipe?.destroy()), 500).unref());

  return {
    pid: child.pid,
    debug,
    send(request) {
      if (!requests.writable) return;
      requests.cork();
      for (const part of encodeFrame(request)) requests.write(part, () => keep(part));
      requests.uncork();
    },
    interrupt: run => void line.write(`interrupt ${run}\n`),
    status: () => status,
    async drain() {
      for (let seen = -1; seen !== chunks;) {
        seen = chunks;
        await turn();
        await turn();
      }
    },
    pause: () => {
      events.pause();
      child.stdout?.pause();
      child.stderr?.pause();
    },
    resume: () => {
      events.resume();
      child.stdout?.resume();
      child.stderr?.resume();
    },
    kill: () => void child.kill('SIGKILL'),
    end() {
      const started = child.pid === undefined ? [] : descendants(child.pid, { sameGroup: true });
      child.kill('SIGKILL');
      signalAll(started, 'SIGTERM');
    },
  };
}
