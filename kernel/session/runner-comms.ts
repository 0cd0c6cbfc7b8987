/** The runner's end of comms: who answers a target, and which are open. */
import { randomUUID } from 'node:crypto';
import type { Comm, CommMessage, CommOptions, Comms } from '../base/host.ts';
import type { Send } from './runner-channel.ts';
import type { CommEvent } from './runner-protocol.ts';

export interface RunnerComms extends Comms {
  /** A message from the front end; gives what its handler gives. */
  receive(event: CommEvent): unknown;
}

type Opened = Parameters<Comms['register']>[1];

export function createComms(send: Send, currentRun: () => number): RunnerComms {
  const targets = new Map<string, Opened>();
  const open = new Map<string, Comm>();

  function say(
    event: CommEvent['event'],
    id: string,
    target: string,
    data: unknown,
    options: CommOptions = {},
  ) {
    const { metadata = {}, buffers = [] } = options;
    // a message that JSON cannot carry fails here, where the cell that sends it sees why
    const [plainData, plainMetadata] = [plain(data ?? {}), plain(metadata)];
    send({
      type: 'comm',
      run: currentRun(),
      event,
      comm: id,
      target,
      data: plainData,
      metadata: plainMetadata as Record<string, unknown>,
      buffers,
    });
  }

  function create(id: string, target: string): Comm {
    const comm: Comm = {
      id,
      target,
      send: (data, options) => {
        if (!open.has(id)) throw new Error(`comm is closed: ${id}; open a new one to send more`);
        say('msg', id, target, data, options);
      },
      close: (data, options) => {
        if (open.delete(id)) say('close', id, target, data, options);
      },
    };
    open.set(id, comm);
    return comm;
  }

  /** A comm whose opening fails is closed: its view would wait for answers that never come. */
  function accept(comm: Comm, opened: Opened, message: CommMessage): unknown {
    const fail = (error: unknown): never => {
      comm.close();
      throw error;
    };
    try {
      const handled = opened(comm, message);
      return handled instanceof Promise ? handled.catch(fail) : handled;
    } catch (error) {
      return fail(error);
    }
  }

  return {
    register: (target, opened) => void targets.set(target, opened),
    open(target, data, options) {
      const comm = create(randomUUID(), target);
      say('open', comm.id, target, data, options);
      return comm;
    },
    receive({ event, comm: id, target, ...message }) {
      const known = open.get(id);
      if (event === 'open') {
        const opened = targets.get(target);
        // the protocol's answer to a target that nobody serves
        if (!opened) return say('close', id, target, {});
        return accept(create(id, target), opened, message);
      }
      if (event === 'msg') return known?.onMessage?.(message);
      return open.delete(id) ? known?.onClose?.(message) : undefined;
    },
  };
}

/** What the front end will see of a value. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
