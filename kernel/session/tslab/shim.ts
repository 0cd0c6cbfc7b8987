/**
 * What `import … from 'tslab'` gives: tslab's public functions over this kernel's host, so that notebooks written for
 * it run unchanged. Text goes beside every picture, for front ends that draw none.
 */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as tslab from 'tslab';
import { toBase64 } from '../../base/base64.ts';
import { host } from '../../base/host.ts';

const require = createRequire(import.meta.url);
const versionOf = (name: string): string => (require(`${name}/package.json`) as { version: string }).version;

/** TypeScript is the one that checks types here, not the copy that tslab brings. Read when asked for only. */
export const versions: typeof tslab.versions = {
  get tslab() {
    return versionOf('tslab');
  },
  get typescript() {
    return versionOf('typescript');
  },
  node: process.version,
};

function displayAt(id?: string): tslab.Display {
  let update = false;
  function raw(type: string, content: string | Uint8Array): void {
    const data = typeof content === 'string' ? content : toBase64(content);
    host().display({ [type]: data, 'text/plain': textOf(type, content) }, { id, update });
    update = id !== undefined;
  }
  return {
    raw,
    // the front end decides whether it runs scripts; the kernel never does
    javascript: text => raw('text/javascript', text),
    html: text => raw('text/html', text),
    markdown: text => raw('text/markdown', text),
    latex: text => raw('text/latex', text),
    svg: text => raw('image/svg+xml', text),
    png: bytes => raw('image/png', bytes),
    jpeg: bytes => raw('image/jpeg', bytes),
    gif: bytes => raw('image/gif', bytes),
    pdf: bytes => raw('application/pdf', bytes),
    text: text => raw('text/plain', text),
  };
}

const textOf = (type: string, content: string | Uint8Array): string => {
  if (typeof content !== 'string')
    return `${type}, ${content.length} ${content.length === 1 ? 'byte' : 'bytes'}`;
  if (type === 'text/html') return content.replace(/<[^>]*>/g, '');
  return type === 'image/svg+xml' ? 'svg picture' : content;
};

/** Shows things below the cell. */
export const display: tslab.Display = displayAt();

/** A display of one place: what it shows later replaces what it showed before. */
export const newDisplay = (): tslab.Display => displayAt(randomUUID());
