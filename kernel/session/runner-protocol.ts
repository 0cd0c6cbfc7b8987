/** What supervisor and runner say to each other: requests over one pipe of frames, events over another. */
import type { MimeBundle } from '../base/host.ts';

export interface CellError {
  ename: string;
  evalue: string;
  traceback: string[];
}

export interface Rich {
  data: MimeBundle;
  metadata: Record<string, unknown>;
}

/** One half of a comm's conversation, in either direction. */
export interface CommEvent {
  type: 'comm';
  run: number;
  event: 'open' | 'msg' | 'close';
  comm: string;
  target: string;
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: readonly Uint8Array[];
}

/** Supervisor → runner. A run is one execute request or one comm message; its number never comes back. */
export type RunnerRequest =
  | { type: 'execute'; run: number; code: string; count: number; expressions: Record<string, string> }
  | { type: 'interrupt'; run: number }
  | { type: 'answer'; id: number; value?: string; problem?: string; ename?: string }
  | CommEvent;

/** Runner → supervisor, in the order in which things happened. */
export type RunnerEvent =
  | { type: 'ready' }
  | { type: 'stream'; run: number; name: StreamName; text: string }
  | {
      type: 'display';
      run: number;
      data: MimeBundle;
      metadata: Record<string, unknown>;
      id?: string;
      update: boolean;
      buffers: readonly Uint8Array[];
    }
  | { type: 'clear'; run: number; wait: boolean }
  | ({ type: 'result'; run: number } & Rich)
  /** An error that no cell awaits: thrown in a timer, or a rejection that nobody handles. */
  | { type: 'stray'; run: number; error: CellError }
  | {
      type: 'done';
      run: number;
      error?: CellError;
      expressions: Record<string, object>;
      /** What the cell wants of the front end, e.g. other text in its place. */
      payload?: object[];
    }
  | { type: 'ask'; run: number; id: number; prompt: string; password: boolean }
  | { type: 'exiting'; run: number; code: number }
  /** A cell has removed all variables. */
  | { type: 'forgotten'; run: number }
  /** A comm message has been handled. */
  | { type: 'handled'; run: number }
  | CommEvent;

export type StreamName = 'stdout' | 'stderr';

/** What the interrupt worker reports while an interrupt is under way. */
export interface InterruptStatus {
  /** Native calls in progress. */
  native: number;
  /** When it first asked V8 to terminate this run; 0 where it did not. */
  terminatedAt: number;
}

/** The runner's file descriptors beside 0–2: requests, the interrupt worker's line, events, the debugger's line. */
export const REQUESTS_FD = 3;
export const INTERRUPT_FD = 4;
export const EVENTS_FD = 5;
export const DEBUG_FD = 6;
