/** Where the runner stands still, why, and how it goes on. */
import type { Debugger } from 'node:inspector';
import { DebugError } from './dap.ts';
import { isInTimer, standsOf, type Stand } from './frames.ts';
import type { Target } from './target.ts';

export const THREAD = 1;

export interface StopParts {
  publish(event: string, body: object): void;
  pathOf(target: Target, script: string): Promise<string>;
  /** Our numbers of V8's breakpoints. */
  hit(ids: readonly string[] | undefined): number[];
}

/** What the reader last asked for; what stops the runner next is the answer to it. */
export type Motion = 'run' | 'step' | 'pause';
export type Step = 'stepOver' | 'stepInto' | 'stepOut';

interface Stop {
  target: Target;
  calls: readonly Debugger.CallFrame[];
  stands: Stand[];
  inTimer: boolean;
  exception?: ExceptionInfo;
}

interface ExceptionInfo {
  exceptionId: string;
  description: string;
  breakMode: 'always' | 'unhandled';
}

/** A step: how, where it began, how far it has come, and how often it went back on its way. */
interface UnderWay {
  how: Step;
  calls: readonly Debugger.CallFrame[];
  stands: readonly Stand[];
  at: Debugger.Location;
  turns: number;
}

export type Stops = ReturnType<typeof createStops>;

export function createStops({ publish, pathOf, hit }: StopParts) {
  let stop: Stop | undefined;
  let motion: Motion = 'run';
  let step: UnderWay | undefined;
  let lastFrame = 0;

  function current(): Stop {
    if (!stop) throw new DebugError('nothing stands still; this can be asked while a cell is stopped');
    return stop;
  }

  /** What was known of the stop is no more. */
  function leave(): void {
    if (!stop) return;
    const { target } = stop;
    stop = undefined;
    void target.ask('clear').catch(() => undefined);
    publish('continued', { threadId: THREAD, allThreadsContinued: true });
  }

  return {
    get motion() {
      return motion;
    },
    current,
    isStopped: () => stop !== undefined,
    stand(id: number): Stand {
      const found = current().stands.find(({ frame }) => frame.id === id);
      if (!found) throw new DebugError(`frameId ${id}: not known any more; ask for the stack again`);
      return found;
    },
    expect(next: Motion): void {
      motion = next;
    },

    /** V8 stopped in the reader's code: tells so, unless there is nothing to see. Answers whether it did. */
    async arrive(target: Target, event: Debugger.PausedEventDataType): Promise<boolean> {
      const { callFrames, hitBreakpoints } = event;
      const stands = await standsOf(target, callFrames, lastFrame + 1, script => pathOf(target, script));
      if (!stands.length) return false;
      const exception = exceptionOf(event);
      const free = motion === 'step' && !exception && !hitBreakpoints?.length;
      if (free && step && (await isStill(target, step, callFrames, stands))) {
        await target.post(`Debugger.${step.how}`);
        return true;
      }
      lastFrame += stands.length;
      stop = { target, calls: callFrames, stands, inTimer: isInTimer(target, callFrames), exception };
      const hits = hit(hitBreakpoints);
      const asked = motion === 'run' ? 'breakpoint' : motion;
      motion = 'run';
      publish('stopped', {
        reason: exception ? 'exception' : hits.length ? 'breakpoint' : asked,
        threadId: THREAD,
        allThreadsStopped: true,
        preserveFocusHint: false,
        ...(hits.length && { hitBreakpointIds: hits }),
        ...(exception && { description: exception.breakMode, text: exception.description }),
      });
      return true;
    },

    async go(): Promise<void> {
      const { target } = current();
      motion = 'run';
      leave();
      // refused only where the process has ended, and then there is nothing to resume
      await target.post('Debugger.resume').catch(() => undefined);
    },
    async step(how: Step): Promise<void> {
      const { target, calls, stands } = current();
      motion = 'step';
      step = { how, calls, stands, at: calls[0].location, turns: 0 };
      leave();
      await target.post(`Debugger.${how}`);
    },
    /** The reader wants the cell to end: from here, where that is safe, or at its next look at the interrupt. */
    async abandon(): Promise<void> {
      if (!stop) return;
      const { target, inTimer } = stop;
      motion = 'run';
      leave();
      await target.post('Debugger.resume', { terminateOnResume: !inTimer });
    },
    /** The process is gone, and the stop with it. */
    forget(): void {
      motion = 'run';
      leave();
    },
  };
}

/** Whether a step has not come to another line yet: V8 counts parts of a line, and what the rewriting added, as steps. */
async function isStill(
  target: Target,
  from: UnderWay,
  calls: readonly Debugger.CallFrame[],
  stands: readonly Stand[],
): Promise<boolean> {
  if (await target.isInserted(calls[0].location)) return true;
  if (from.how === 'stepOut') return false;
  const [before, now] = [from.stands[0], stands[0]];
  const place = ({ frame, call }: Stand) =>
    JSON.stringify([frame.line, frame.source.path, call.functionLocation]);
  // an async function that goes on after an await stands alone
  const sameCall = calls.length === from.calls.length || stands.length === 1;
  if (place(before) !== place(now) || !sameCall || (await isNewCall(target, from.at))) return false;
  // going back once is from the end of a loop's head to its condition; twice is its next turn
  if (!isBehind(calls[0].location, from.at)) from.turns++;
  from.at = calls[0].location;
  return from.turns < 2;
}

/** Whether the step came through the end of a function: what looks like the same call is the next. */
async function isNewCall(target: Target, { scriptId, lineNumber, columnNumber = 0 }: Debugger.Location) {
  const places = await target.places(scriptId);
  return places.some(
    place => place.isReturn && place.lineNumber === lineNumber && place.columnNumber === columnNumber,
  );
}

const isBehind = (a: Debugger.Location, b: Debugger.Location): boolean =>
  a.lineNumber > b.lineNumber ||
  (a.lineNumber === b.lineNumber && (a.columnNumber ?? 0) > (b.columnNumber ?? 0));

function exceptionOf({ reason, data }: Debugger.PausedEventDataType): ExceptionInfo | undefined {
  if (reason !== 'exception' && reason !== 'promiseRejection') return undefined;
  const thrown = (data ?? {}) as {
    className?: string;
    description?: string;
    value?: unknown;
    uncaught?: boolean;
  };
  const description = (thrown.description ?? String(thrown.value)).split(/\n {4}at /)[0];
  return {
    exceptionId: thrown.className ?? 'thrown',
    description,
    breakMode: thrown.uncaught ? 'unhandled' : 'always',
  };
}
