/** Skips a step whose inputs have not changed: a hash of their contents lies in `.cache/stamps/<name>`. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './place.mjs';

const skipped = new Set(['node_modules', 'dist', 'lib', 'labextension', '__pycache__', 'test-results']);

/** Every file below a path (or the path itself), relative to the root, in a stable order. */
export function filesUnder(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full, { withFileTypes: true })
    .filter(entry => !skipped.has(entry.name) && !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const inner = `${path}/${entry.name}`;
      return entry.isDirectory() ? filesUnder(inner) : [inner];
    });
}

/** One hash over names and contents of the files kept by `keep`, and over some extra words. */
export function hashOf(paths, { keep = () => true, words = [] } = {}) {
  const hash = createHash('sha256').update(JSON.stringify(words));
  for (const file of paths.flatMap(filesUnder).filter(keep)) {
    hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** Runs the action unless the stamp holds this key and every product exists. Returns whether it ran. */
export async function unlessFresh(name, key, products, action) {
  const stamp = join(cache, 'stamps', name);
  const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === key;
  if (fresh && products.every(product => existsSync(product))) return false;
  rmSync(stamp, { force: true });
  await action();
  mkdirSync(join(cache, 'stamps'), { recursive: true });
  writeFileSync(stamp, key);
  return true;
}

/** Drops every stamp whose name begins so. */
export function forget(prefix) {
  const folder = join(cache, 'stamps');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(join(folder, name));
}
