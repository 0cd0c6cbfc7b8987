/** What the supervisor needs of the sockets and of the language worker. `main.ts` hands both over. */
import type { KernelMessage } from '@jupyterlab/services';

/** A message that arrived, its signature checked. */
export interface Request {
  identities: Uint8Array[];
  header: Omit<KernelMessage.IHeader, 'msg_type'> & { msg_type: string; subshell_id?: string | null };
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
  buffers: Uint8Array[];
}

export type Channel = 'shell' | 'control';

export interface Transport {
  reply(
    channel: Channel,
    request: Request,
    type: string,
    content: object,
    metadata?: object,
  ): Promise<unknown>;
  publish(
    type: string,
    content: object,
    parent?: Pick<Request, 'header'>,
    extra?: { metadata?: object; buffers?: readonly Uint8Array[] },
  ): Promise<unknown>;
  ask(parent: Request, prompt: string, password: boolean, signal: AbortSignal): Promise<string>;
}

/** A type error: TypeScript's number for it, and its place in the cell, from 1. */
export interface TypeProblem {
  code: number;
  message: string;
  severity: 'error' | 'warning' | 'suggestion';
  line: number;
  column: number;
  /** Where it lies outside the cell. */
  file?: string;
}

/** Positions count code points, as the protocol does; contents are those of the replies. */
export interface Language {
  complete(code: string, cursor: number): Promise<object>;
  inspect(code: string, cursor: number, detail: number): Promise<object>;
  isComplete(code: string): Promise<object>;
  /** What the types say against a cell. */
  diagnose(code: string): Promise<TypeProblem[]>;
  /** Cells that ran, also those that failed on the way: what they declare is known from then on. */
  addCell(code: string, count: number, failed?: boolean): unknown;
  /** Forgets all cells: their values are gone. */
  forget(): unknown;
  /** Whether it has answered before, so that the next answer comes soon. */
  isWarm(): boolean;
  dispose(): unknown;
}
