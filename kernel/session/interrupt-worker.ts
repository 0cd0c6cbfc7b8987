/**
 * A thread inside the runner that answers while the main thread is blocked. The supervisor speaks to it over
 * a pipe of its own: `interrupt 7` sets the token for run 7; from then on, until that run is answered, it
 * watches the main thread, and terminates its JavaScript where it does not turn and no native call is going on.
 */
import { Session } from 'node:inspector';
import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { serveInspector } from './debug/inspect.ts';
import { Flag } from './flags.ts';
import { descendants, signalAll } from './process-tree.ts';
import type { ChildNews } from './runner-children.ts';
import { DEBUG_FD, INTERRUPT_FD, type InterruptStatus } from './runner-protocol.ts';

const flags = workerData as Int32Array;
/** Between two looks at the main thread, in ms. */
const TICK = 50;
/**
 * Looks without a turn of the main thread before its JavaScript is terminated: a quarter of a second, or one where
 * the cell has run native steps, whose loop still has a picture to finish.
 */
const STUCK_TICKS = 5;
const STUCK_TICKS_AFTER_STEPS = 20;
/** Looks before a child process that the main thread waits for gets SIGINT, and before it is killed. */
const CHILD_TICKS = { SIGINT: 2, SIGKILL: 14 } as const;
/** How long to wait for a native call or a write to end before giving way to it, in ms. */
const GIVE_WAY = 20;

const line = new Socket({ fd: INTERRUPT_FD, readable: true, writable: true });
const session = new Session();
session.connectToMainThread();
serveInspector(session, DEBUG_FD);

let run = 0;
let beat = -1;
let stuck = 0;
let terminating = false;
let terminatedAt = 0;
let timer: NodeJS.Timeout | undefined;
/** Children that run beside the main thread: any other is one that it waits for, as in `execSync`. */
const beside = new Set<number>();

parentPort?.on('message', (news: ChildNews) => {
  if ('started' in news) beside.add(news.started);
  else beside.delete(news.ended);
});

line.setEncoding('utf8');
line.on('data', (text: unknown) => {
  for (const match of String(text).matchAll(/interrupt (\d+)/g)) interrupt(Number(match[1]));
});
// the supervisor is gone, perhaps killed: nobody will ever read this process's results
line.on('close', () => process.kill(process.pid, 'SIGKILL'));
line.on('error', () => process.kill(process.pid, 'SIGKILL'));

function interrupt(number: number): void {
  run = number;
  beat = -1;
  stuck = 0;
  terminatedAt = 0;
  Atomics.store(flags, Flag.INTERRUPTED, number);
  timer ??= setInterval(tick, TICK);
}

function tick(): void {
  if (Atomics.load(flags, Flag.SETTLED) >= run) {
    clearInterval(timer);
    timer = undefined;
    return;
  }
  const status: InterruptStatus = { native: Atomics.load(flags, Flag.NATIVE), terminatedAt };
  line.write(`${JSON.stringify(status)}\n`);
  // native steps block the thread too, and the loop around them ends by itself
  const turns = Atomics.load(flags, Flag.BEAT) + Atomics.load(flags, Flag.STEPS);
  stuck = turns === beat && status.native === 0 ? stuck + 1 : 0;
  beat = turns;
  for (const signal of ['SIGINT', 'SIGKILL'] as const)
    if (stuck === CHILD_TICKS[signal]) signalAll(descendants(process.pid, { skip: beside }), signal);
  const patience = Atomics.load(flags, Flag.STEPS) > 0 ? STUCK_TICKS_AFTER_STEPS : STUCK_TICKS;
  if (stuck >= patience && !terminating) terminate();
}

function terminate(): void {
  Atomics.store(flags, Flag.TERMINATING, 1);
  const deadline = Date.now() + GIVE_WAY;
  for (const flag of [Flag.NATIVE, Flag.FRAMING]) {
    for (let count; (count = Atomics.load(flags, flag)) > 0;) {
      if (Date.now() > deadline) return fall();
      Atomics.wait(flags, flag, count, 1);
    }
  }
  terminating = true;
  terminatedAt ||= Date.now();
  Atomics.store(flags, Flag.TERMINATED, run);
  session.post('Runtime.terminateExecution', () => {
    terminating = false;
    stuck = 0;
    fall();
  });
}

function fall(): void {
  Atomics.store(flags, Flag.TERMINATING, 0);
  Atomics.notify(flags, Flag.TERMINATING);
}
