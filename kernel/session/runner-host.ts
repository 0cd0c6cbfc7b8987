/** The host that a session gives the library: displays, questions, comms, and when to stop. */
import { InterruptError } from '../base/errors.ts';
import type { Comms, Host } from '../base/host.ts';
import { plainEntries } from '../base/json.ts';
import { Flag, lower, raise } from './flags.ts';
import type { Send } from './runner-channel.ts';
import type { RunnerRequest } from './runner-protocol.ts';

/** How long after an interrupt native steps may still begin, in ms: a loop gets to finish its picture. */
const LAST_STEPS = 600;

export interface RunnerHost extends Host {
  answer(answer: Extract<RunnerRequest, { type: 'answer' }>): void;
}

export interface HostParts {
  send: Send;
  flags: Int32Array;
  comms: Comms;
  /** What cells have named. */
  variables(): ReadonlyMap<string, unknown>;
  /** The run that output belongs to. */
  currentRun(): number;
  /** When the running cell was interrupted; undefined where it was not. */
  interruptedAt(): number | undefined;
}

export function createHost({
  send,
  flags,
  comms,
  variables,
  currentRun,
  interruptedAt,
}: HostParts): RunnerHost {
  const questions = new Map<number, (answer: { value?: string; problem?: string; ename?: string }) => void>();
  let asked = 0;

  return {
    comms,
    variables,
    display(data, { id, update = false, metadata = {}, buffers = [] } = {}) {
      const shown = { data: plainEntries(data), metadata: plainEntries(metadata) };
      send({ type: 'display', run: currentRun(), ...shown, id, update, buffers });
    },
    clear({ wait = false } = {}) {
      send({ type: 'clear', run: currentRun(), wait });
    },
    get cell() {
      return currentRun();
    },
    get interrupted() {
      return interruptedAt() !== undefined;
    },
    enterNative() {
      // a loop that does not ask `interrupted` is stopped here, between two of its steps, with all state kept
      if (Date.now() - (interruptedAt() ?? Infinity) > LAST_STEPS) throw new InterruptError('interrupted');
      Atomics.add(flags, Flag.STEPS, 1);
      raise(flags, Flag.NATIVE);
    },
    leaveNative() {
      lower(flags, Flag.NATIVE);
    },
    input(prompt, { password = false } = {}) {
      const id = ++asked;
      send({ type: 'ask', run: currentRun(), id, prompt, password });
      return new Promise<string>((resolve, reject) => {
        questions.set(id, ({ value = '', problem, ename = 'Error' }) =>
          problem ? reject(Object.assign(new Error(problem), { name: ename })) : resolve(value),
        );
      });
    },
    answer({ id, ...answer }) {
      questions.get(id)?.(answer);
      questions.delete(id);
    },
  };
}
