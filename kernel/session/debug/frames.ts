/** Where the cells stand: V8's call frames as a reader's stack, and the variables that each of them sees. */
import type { Debugger } from 'node:inspector';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellParameters } from '../cell.ts';
import { probeExpression } from './probe.ts';
import type { Target } from './target.ts';

const cellName = /^\[cell (\d+)(?:\.\d+)?\]$/;
/** The compiled kernel itself: this file lies in `session/debug`. */
const own = new URL('../../', import.meta.url).href;

export const isCell = (url: string): boolean => cellName.test(url);

/** A cell, or a file of the user's own that is no package. */
export const isUsers = (url: string): boolean =>
  isCell(url) || (url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(own));

/** What stepping passes over and exceptions are not looked for in, as regular expressions of V8's. */
export const othersPatterns = (gate: string): string[] => [
  `^(?!\\[cell |${escape(gate)}$|file:(?!.*/node_modules/)(?!${escape(own.slice('file:'.length))}))`,
];

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

export const pathOfFile = (url: string): string => fileURLToPath(url.replace(/\?.*$/, ''));

export interface StackFrame {
  id: number;
  name: string;
  line: number;
  column: number;
  source: { name: string; path: string };
}

/** A frame of a stop. */
export interface Stand {
  frame: StackFrame;
  call: Debugger.CallFrame;
}

/** The user's own frames, innermost first. `pathOf` answers the path of a script's source. */
export async function standsOf(
  target: Target,
  calls: readonly Debugger.CallFrame[],
  firstId: number,
  pathOf: (script: string) => Promise<string>,
): Promise<Stand[]> {
  const users = calls.filter(({ location }) => isUsers(target.url(location.scriptId)));
  return Promise.all(
    users.map(async (call, i) => {
      const { scriptId } = call.location;
      const [at] = await target.locate(scriptId, [call.location]);
      const path = await pathOf(scriptId);
      const count = cellName.exec(target.url(scriptId))?.[1];
      const source = { name: count ? `Cell ${count}` : basename(path), path };
      const frame = {
        id: firstId + i,
        name: nameOf(call, count),
        line: at?.line ?? 1,
        column: at?.column ?? 1,
      };
      return { frame: { ...frame, source }, call };
    }),
  );
}

function nameOf(call: Debugger.CallFrame, count: string | undefined): string {
  if (call.functionName === '<instance_members_initializer>') return '(fields)';
  if (call.functionName) return call.functionName.replace(/^__scope\./, '');
  return count && isTop(call) ? `Cell ${count}` : '(anonymous)';
}

/** Whether a frame of a cell is the cell itself, not one of its functions. */
const isTop = ({ functionName, functionLocation }: Debugger.CallFrame): boolean =>
  functionName === '' && functionLocation?.lineNumber === 0;

/** Whether a timer called: ending JavaScript inside its callback would end the process. */
export const isInTimer = (target: Target, calls: readonly Debugger.CallFrame[]): boolean =>
  calls.some(({ location, url }) => (url || target.url(location.scriptId)).includes('timers'));

const hidden = new Set<string>(cellParameters);
const isName = (name: string): boolean =>
  /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && !hidden.has(name) && !name.startsWith('_usingCtx');

/** The names that a frame sees of its own function and blocks, and of the functions around it. */
export async function namesAt(
  target: Target,
  { scopeChain }: Debugger.CallFrame,
): Promise<{ locals: string[]; closure: string[] }> {
  const scopes = scopeChain.filter(
    ({ type, object }) => type !== 'global' && type !== 'script' && object.objectId,
  );
  const { objectId } = scopes[0]?.object ?? {};
  if (!objectId) return { locals: [], closure: [] };
  const { result } = await target.post<{ result: { value: string[][] } }>('Runtime.callFunctionOn', {
    objectId,
    functionDeclaration: 'function (...scopes) { return scopes.map(scope => Object.keys(scope)) }',
    arguments: scopes.map(({ object }) => ({ objectId: object.objectId })),
    returnByValue: true,
    silent: true,
  });
  const outside = scopes.findIndex(({ type }) => type === 'local') + 1 || scopes.length;
  const locals = new Set(result.value.slice(0, outside).flat().filter(isName));
  const around = result.value.slice(outside).flat().filter(isName);
  return { locals: [...locals], closure: [...new Set(around)].filter(name => !locals.has(name)) };
}

/** A handle for those variables as they are now; a cell itself has those that it declares, too. */
export function readFrame(
  target: Target,
  call: Debugger.CallFrame,
  names: readonly string[],
  { declared = false } = {},
): Promise<number> {
  const readers = names.map(name => `${JSON.stringify(name)}: () => ${name}`).join(', ');
  const url = target.url(call.location.scriptId);
  const cell = declared && isCell(url) && isTop(call) ? `, ${JSON.stringify(url)}` : '';
  return target.onFrame(call.callFrameId, `${probeExpression}.frame({ ${readers} }${cell})`);
}
