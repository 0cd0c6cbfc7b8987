/** Which request each run answers, so that late output still finds its cell. */
import type { Request } from './protocol.ts';

/** Runs whose late output can still be placed. */
const KEPT = 10_000;

export function createRuns() {
  const requests = new Map<number, { request: Request; silent: boolean }>();
  const comms = new Set<number>();
  let last = 0;
  let lastCell = 0;

  function add(request: Request, silent: boolean): number {
    // the code and the buffers of old requests are not worth their memory
    requests.set(++last, { request: { ...request, content: {}, buffers: [] }, silent });
    if (requests.size > KEPT) requests.delete(last - KEPT);
    return last;
  }

  return {
    open(request: Request, silent: boolean): number {
      return (lastCell = add(request, silent));
    },
    openComm(request: Request): number {
      const run = add(request, false);
      comms.add(run);
      return run;
    },
    parent: (run: number) => requests.get(run)?.request,
    /** The parent of output, or `silent` where the request asked for none. */
    audible: (run: number) => (requests.get(run)?.silent ? ('silent' as const) : requests.get(run)?.request),
    /** The active run, or the newest cell's: whose turn it is to be blamed. */
    latest: (active?: number) => active ?? lastCell,
    /** What an interrupt means: the active cell, or a comm message on which the kernel still works. */
    interruptible: (active?: number) => active ?? [...comms].at(-1) ?? lastCell,
    /** The comm request of `run`, once. */
    handled: (run: number) => (comms.delete(run) ? requests.get(run)?.request : undefined),
    /** Comm requests that a dead runner will never finish. */
    unhandled(): Request[] {
      const open = [...comms].map(run => requests.get(run)?.request).filter(request => request !== undefined);
      comms.clear();
      return open;
    },
  };
}
