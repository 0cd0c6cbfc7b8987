/** Which comms are open, seen from between front end and runner. */
import type { CommEvent } from './runner-protocol.ts';

export function createCommLedger() {
  const open = new Map<string, string>();
  return {
    /** Keeps the books; called for both directions. */
    note({ event, comm, target }: Pick<CommEvent, 'event' | 'comm' | 'target'>): void {
      if (event === 'open') open.set(comm, target);
      else if (event === 'close') open.delete(comm);
    },
    targetOf: (comm: string) => open.get(comm),
    /** Content of a `comm_info_reply`. */
    info(target?: string): Record<string, { target_name: string }> {
      const wanted = [...open].filter(([, name]) => !target || name === target);
      return Object.fromEntries(wanted.map(([comm, name]) => [comm, { target_name: name }]));
    },
    /** Forgets all, as when the runner died; the caller tells the front end. */
    clear(): string[] {
      const ids = [...open.keys()];
      open.clear();
      return ids;
    },
  };
}

export type CommLedger = ReturnType<typeof createCommLedger>;
