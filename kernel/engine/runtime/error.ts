/**
 * ONNX Runtime's errors in the library's words: which operator, where, why, and what to do. Its WebAssembly build
 * keeps less (often no node name), so every part may be missing.
 */
import { NeuronbookError, OpError } from '../../base/errors.ts';

interface Finding {
  op: string;
  site: string;
  cause: string;
  next: string;
}

const types = 'make the types of its inputs agree, for example with Cast';
const shapes = 'check the dims of its inputs';

/** The forms in which ONNX Runtime 1.30 names an operator, with the groups that hold its parts. */
const forms: readonly (readonly [form: RegExp, read: (...groups: string[]) => Finding])[] = [
  [
    /No Op registered for (\S+) with domain_version of (\d+)/,
    (op, version) => ({ op, site: '', cause: `unknown op: not in opset ${version}`, next: unknownNext }),
  ],
  [
    /Fatal error: ([^\s:]*):(\S+?)\(-?\d+\) is not a registered function\/op/,
    (domain, op) => ({
      op,
      site: '',
      cause: `unknown op: not in domain ${domain || 'ai.onnx'}`,
      next: unknownNext,
    }),
  ],
  [
    /Could not find an implementation for (\w+)\((\d+)\) node with name '([^']*)'/,
    (op, version, site) => ({
      op,
      site,
      cause: `no implementation for these element types (version ${version})`,
      next: 'cast its inputs to float32',
    }),
  ],
  [
    /running (\w+) node\. Name:'([^']*)' Status Message: (.*)/s,
    (op, site, cause) => ({ op, site, cause, next: shapes }),
  ],
  [
    /In Node, \("([^"]*)", (\w+), .*?, Error (.*)/s,
    (site, op, cause) => ({ op, site, cause, next: 'check its attributes and inputs' }),
  ],
  [/Node \(([^)]*)\) Op \((\w+)\) (.*)/s, (site, op, cause) => ({ op, site, cause, next: shapes })],
  [
    /Optype \((\w+)\) (bound to different types .*?) in node \(([^)]*)\)/,
    (op, cause, site) => ({ op, site, cause: `inputs are ${balanced(cause)}`, next: types }),
  ],
  [
    /(Type '.*?' of input parameter \(.*?\)) of operator \((\w+)\) in node \(([^)]*)\) (.*)/,
    (what, op, site, rest) => ({ op, site, cause: `${what} ${rest}`, next: types }),
  ],
];
const unknownNext = 'export the model without custom operators, or in another opset';

const balanced = (text: string) => (text.split('(').length > text.split(')').length ? `${text})` : text);

/** Source lines, C++ signatures and the failed condition say nothing to a reader of the notebook. */
function clean(text: string): string {
  const bare = text
    .replace(/\/\S+\.(?:h|cc|cpp):\d+ [\w:~<>*&, ]+\((?:[^()]|\([^()]*\))*\)(?: const)? /g, '')
    .replace(/^.*? was false\. (?=\S)/s, '')
    .replace(/^\[\w+\] /, '')
    .trim()
    .replace(/\.$/, '')
    .replace(/\s*\n\s*/g, ' ');
  return /^[A-Z][a-z]/.test(bare) ? bare[0].toLowerCase() + bare.slice(1) : bare;
}

/** @param stage `create` while a session is made, `run` while it computes */
export function runtimeError(error: unknown, stage: 'create' | 'run'): NeuronbookError {
  if (error instanceof NeuronbookError) return error;
  // WebAssembly throws bare numbers where it runs out of memory
  const text = error instanceof Error ? error.message : `code ${String(error)}`;
  for (const [form, read] of forms) {
    const found = form.exec(text);
    if (!found) continue;
    const { op, site, cause, next } = read(...found.slice(1));
    // an unknown op is told by its name alone; the place stands in the longer form around it
    const place = site || /In Node, \("([^"]+)"/.exec(text)?.[1] || '';
    const made = new OpError(`${op}${place && ` ${place}`}: ${clean(cause)}; ${next}`, op, place);
    made.cause = error;
    return made;
  }
  const inner = text.replace(/^.*?ERROR_MESSAGE: /s, '').replace(/^Error: /, '');
  const next =
    stage === 'create'
      ? 'print the graph and look at the named value'
      : 'check the dims and types of what was fed';
  return new NeuronbookError(
    `onnx runtime could not ${stage === 'create' ? 'load the graph' : 'run'}: ${clean(inner)}; ${next}`,
    {
      cause: error,
    },
  );
}
