/**
 * Displays that answer: a front end opens a comm on `neuronbook` and names the display; what it then sends goes to
 * that display's handler, one message after another. Kept under a global symbol, so that two copies of the library in
 * one process answer through one table.
 */
import { host, type Comm } from '../base/host.ts';

/** Answers one message of the front end; what it returns is sent back. */
export type Answer = (data: Record<string, unknown>) => Promise<Record<string, unknown>>;

interface Table {
  readonly answers: Map<string, Answer>;
  /** What answers for as long as the kernel lives. */
  readonly lasting: Map<string, Answer>;
  /** Where the table is registered, to be asked once for each host. */
  readonly hosts: WeakSet<object>;
}

export const LIVE_TARGET = 'neuronbook';
const key = Symbol.for('neuronbook.live');

/** Displays of long sessions: the oldest fall silent, as if the kernel had restarted. */
const MOST = 500;

const table = (): Table => {
  const global = globalThis as Record<symbol, Table | undefined>;
  return (global[key] ??= { answers: new Map(), lasting: new Map(), hosts: new WeakSet() });
};

let made = 0;

/** A name under which a display answers: another for each display, also after the kernel has restarted. */
export const newLiveId = (kind: string): string => `neuronbook-${kind}-${Date.now().toString(36)}-${++made}`;

/**
 * From now on messages to the display `id` are answered; nothing where there is no front end.
 * @param options.stays it belongs to no output, and is not among the oldest that fall silent
 */
export function answerTo(id: string, answer: Answer, { stays = false }: { stays?: boolean } = {}): void {
  const { answers, lasting, hosts } = table();
  const { comms } = host();
  if (!comms) return;
  (stays ? lasting : answers).set(id, answer);
  if (answers.size > MOST) answers.delete(answers.keys().next().value!);
  if (hosts.has(comms)) return;
  hosts.add(comms);
  comms.register(LIVE_TARGET, (comm, { data }) => serve(comm, (data as { id?: unknown } | null)?.id));
}

function serve(comm: Comm, id: unknown): void {
  const { answers, lasting } = table();
  const answer = answers.get(String(id)) ?? lasting.get(String(id));
  // the display of an earlier session: the front end says so instead of waiting
  if (!answer) return comm.close({ reason: 'gone' });
  let last: Promise<void> = Promise.resolve();
  let open = true;
  comm.onClose = () => (open = false);
  comm.onMessage = ({ data }) => {
    const answered = last.then(async () => {
      if (!open) return;
      const reply = await answer(data as Record<string, unknown>);
      if (open) comm.send(reply);
    });
    // one that fails is told as an error of its message, and the next is answered all the same
    last = answered.catch(() => undefined);
    return answered;
  };
}
