/**
 * The part of the Debug Adapter Protocol that a notebook's front end speaks, with what Jupyter adds to it.
 * Lines and columns count from 1. @see https://microsoft.github.io/debug-adapter-protocol/specification
 */

export interface DapRequest {
  seq: number;
  command: string;
  arguments: Record<string, unknown>;
}

export interface DapResponse {
  type: 'response';
  seq: number;
  request_seq: number;
  command: string;
  success: boolean;
  message?: string;
  body?: object;
}

export interface DapEvent {
  type: 'event';
  seq: number;
  event: string;
  body?: object;
}

/** What a client wants to stop at. */
export interface SourceBreakpoint {
  line: number;
  column?: number;
  /** TypeScript; stops where it is truthy. */
  condition?: string;
  /** `3`, `>= 3`, `% 2`: at which hits to stop. */
  hitCondition?: string;
  /** Printed instead of stopping; `{expression}` is evaluated. */
  logMessage?: string;
}

/** What became of it. */
export interface Breakpoint extends SourceBreakpoint {
  id: number;
  verified: boolean;
  message?: string;
  source: { path: string };
}

export interface Variable {
  name: string;
  value: string;
  type: string;
  /** What to evaluate to get it again. */
  evaluateName?: string;
  /** 0 where there is nothing inside. */
  variablesReference: number;
  namedVariables?: number;
  indexedVariables?: number;
  presentationHint?: { kind?: string; lazy?: boolean };
}

/** Which of a value's children to answer with. */
export interface Page {
  filter?: 'indexed' | 'named';
  start?: number;
  count?: number;
}

/** A request that can not be answered, in a sentence for the reader. */
export class DebugError extends Error {
  override name = 'DebugError';
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws DebugError where `content` is no request */
export function readRequest(content: Record<string, unknown>): DapRequest {
  const { seq, command, arguments: given } = content;
  if (typeof command !== 'string' || !command)
    throw new DebugError(`a debug request without a command: ${JSON.stringify(content).slice(0, 80)}`);
  return { seq: typeof seq === 'number' ? seq : 0, command, arguments: isObject(given) ? given : {} };
}

/** Reads arguments by name and type, so that nonsense is refused in words. */
export function text(given: Record<string, unknown>, name: string): string {
  const value = given[name];
  if (typeof value !== 'string') throw new DebugError(`${name}: ${JSON.stringify(value)}; expected a string`);
  return value;
}

export function whole(given: Record<string, unknown>, name: string): number {
  const value = given[name];
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new DebugError(`${name}: ${JSON.stringify(value)}; expected a whole number`);
  return value;
}

/** The path of `arguments.source`. */
export function sourcePath(given: Record<string, unknown>): string {
  const { source } = given;
  if (!isObject(source) || typeof source.path !== 'string')
    throw new DebugError(`source: ${JSON.stringify(source)}; expected {path}`);
  return source.path;
}

/** The well-formed ones of `arguments.breakpoints`; a client that sends `lines` means the same. */
export function sourceBreakpoints(given: Record<string, unknown>): SourceBreakpoint[] {
  const { breakpoints, lines } = given;
  const wanted: unknown[] = Array.isArray(breakpoints)
    ? breakpoints
    : Array.isArray(lines)
      ? lines.map(line => ({ line: line as unknown }))
      : [];
  return wanted.map(point => {
    const { line, column, condition, hitCondition, logMessage } = isObject(point) ? point : {};
    if (typeof line !== 'number' || !Number.isInteger(line) || line < 1)
      throw new DebugError(`breakpoint at line ${JSON.stringify(line)}; expected a line from 1`);
    return {
      line,
      ...(typeof column === 'number' && { column }),
      ...(isFilled(condition) && { condition }),
      ...(isFilled(hitCondition) && { hitCondition }),
      ...(isFilled(logMessage) && { logMessage }),
    };
  });
}

const isFilled = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
