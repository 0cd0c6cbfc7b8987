/**
 * The main shell and its subshells (JEP 91): queues of cells. Cells of one shell run one after another; those of
 * different shells run side by side on the runner's event loop, which a cell gives up wherever it awaits.
 */
import { randomUUID } from 'node:crypto';
import type { Channel, Request } from './protocol.ts';

export interface Waiting {
  request: Request;
  channel: Channel;
}

export interface Shell {
  waiting: Waiting[];
  /** One of its cells is under way. */
  busy: boolean;
  /** When a cell last ended the cells behind it. */
  failedAt: number;
  /** Tells whoever still dwells on the last cell that the next one has come. */
  hurry(): void;
}

/** A request for a subshell that does not exist, or no longer. */
export class UnknownSubshellError extends Error {
  override name = 'UnknownSubshellError';
  constructor(id: unknown) {
    super(`unknown subshell: ${String(id)}; list_subshell_request tells which there are`);
  }
}

const createShell = (): Shell => ({ waiting: [], busy: false, failedAt: 0, hurry: () => undefined });

export function createShells() {
  const main = createShell();
  const subshells = new Map<string, Shell>();

  function find(id: unknown): Shell {
    const shell = subshells.get(id as string);
    if (!shell) throw new UnknownSubshellError(id);
    return shell;
  }

  return {
    /** @throws UnknownSubshellError */
    of({ header: { subshell_id: id } }: Pick<Request, 'header'>): Shell {
      return id === undefined || id === null ? main : find(id);
    },
    create(): string {
      const id = randomUUID();
      subshells.set(id, createShell());
      return id;
    },
    /** Takes a subshell away; what still waits in it is the caller's. */
    remove(id: unknown): Waiting[] {
      const { waiting } = find(id);
      subshells.delete(id as string);
      return waiting.splice(0);
    },
    ids: () => [...subshells.keys()],
  };
}
