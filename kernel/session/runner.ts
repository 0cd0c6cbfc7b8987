/**
 * Entry of the child process that runs cells. Its file descriptors: 0 empty, 1 and 2 pipes that the
 * supervisor reads, 3 requests coming in, 4 the interrupt worker's line, 5 events going out,
 * 6 the debugger's line, which that worker answers too.
 */
import { Socket, type ConnectOpts, type SocketConstructorOpts } from 'node:net';
import { Worker } from 'node:worker_threads';
import { setHost } from '../base/host.ts';
import { bundleOf, isSilent } from '../display/bundle.ts';
import { clear, display, input, update } from '../display/display.ts';
import { progress } from '../display/progress.ts';
import { gate, installProbe } from './debug/probe.ts';
import { createEvaluator, type Evaluator, type EvaluatorOptions } from './evaluate.ts';
import { createFlags, Flag, lower, raise } from './flags.ts';
import { createFrameReader } from './frames.ts';
import { createCells } from './runner-cells.ts';
import { createSend } from './runner-channel.ts';
import { watchChildren } from './runner-children.ts';
import { createComms } from './runner-comms.ts';
import { createHost } from './runner-host.ts';
import { listen } from './runner-listeners.ts';
import { createMessages } from './runner-messages.ts';
import { guardAddons } from './runner-native.ts';
import { captureOutput } from './runner-output.ts';
import { REQUESTS_FD, type RunnerRequest } from './runner-protocol.ts';
import { createStrays } from './runner-strays.ts';
import { installTimers } from './runner-timers.ts';
import { warmUp } from './runner-warmup.ts';

const flags = createFlags();
const send = createSend(flags);
const interruptWorker = new Worker(new URL('./interrupt-worker.js', import.meta.url), { workerData: flags });
interruptWorker.unref();

const { setInterval, clearInterval, setTimeout, clearTimeout } = globalThis;
const { nextTick } = process;
const every = (work: () => void, ms: number) => {
  const timer = setInterval(work, ms);
  return { stop: () => clearInterval(timer) };
};
const after = (ms: number, work: () => void) => {
  const timer = setTimeout(work, ms);
  return { stop: () => clearTimeout(timer) };
};

const currentRun = (): number => cells.currentRun();
const timers = installTimers(currentRun, () => Atomics.load(flags, Flag.INTERRUPTED));
captureOutput(send, currentRun);
const children = watchChildren(currentRun, news => interruptWorker.postMessage(news));
const comms = createComms(send, currentRun);
const evaluator = await createOwnEvaluator({
  cwd: process.cwd(),
  check: run => cells.check(run),
  currentRun,
  globals: { display, update, clear, input, progress },
  payload: payload => cells.addPayload(payload),
  forgotten: () => send({ type: 'forgotten', run: currentRun() }),
  // only the interrupt worker terminates: it alone knows whether native code is running
  breakOnSigint: false,
  compiled: gate,
  awaited: cell => probe.awaited(cell),
});
const probe = installProbe({ ...evaluator, bundleOf, check: () => cells.check(currentRun()) });

/** tslab's converter is loaded by those who ask for it only. */
async function createOwnEvaluator(options: EvaluatorOptions): Promise<Evaluator> {
  if (process.env.NEURONBOOK_CONVERTER !== 'tslab') return createEvaluator(options);
  return (await import('./tslab/evaluator.ts')).createTslabEvaluator(options);
}

const cells = createCells({ evaluator, bundleOf, isSilent, send, flags, timers, every });
const variables = () => new Map(evaluator.names().map(name => [name, evaluator.scope[name]]));
const host = createHost({ send, flags, comms, variables, currentRun, interruptedAt: cells.interruptedAt });
setHost(host);
guardAddons(host);

const stray = createStrays(send, currentRun, error => evaluator.formatError(error));
const messages = createMessages({
  comms,
  within: (run, work) => cells.within(run, work),
  send,
  stray,
  after,
});

function interrupt(run: number): void {
  children.interrupt(run);
  messages.interrupt();
  cells.interrupt(run);
}

let waiting = true;
function receive(request: RunnerRequest): void {
  waiting = false;
  if (request.type === 'execute') cells.execute(request);
  else if (request.type === 'interrupt') interrupt(request.run);
  else if (request.type === 'answer') host.answer(request);
  else messages.receive(request);
}

/** Node outlives what V8 terminates in a tick, and in no other callback of its own, timers and immediates included. */
const reader = createFrameReader<RunnerRequest>(request => nextTick(receive, request));
/** Where requests are read, but for the large ones, which are read to where they stay. */
const desk = Buffer.allocUnsafeSlow(1 << 16);

listen({
  uncaughtException: stray,
  unhandledRejection: (error: unknown, promise: Promise<unknown>) => {
    if (!probe.rejected(promise, error)) stray(error);
  },
  exit: (code: number) => send({ type: 'exiting', run: currentRun(), code }),
  // Ctrl-C in a terminal reaches the whole group; only the supervisor decides what it means
  SIGINT: () => undefined,
});
const incoming: SocketConstructorOpts & ConnectOpts = {
  fd: REQUESTS_FD,
  readable: true,
  writable: false,
  onread: {
    buffer: () => reader.space() ?? desk,
    callback(length, memory) {
      const read = Buffer.from(memory.buffer, memory.byteOffset, length);
      raise(flags, Flag.FRAMING);
      reader.take(memory === desk ? Buffer.from(read) : read);
      lower(flags, Flag.FRAMING);
      return true;
    },
  },
};
new Socket(incoming).on('close', () => process.exit(0));
send({ type: 'ready' });
await warmUp(() => waiting);
