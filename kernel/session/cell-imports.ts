/** Import declarations of a cell as awaits, so that they run in the middle of a session. */
import type { ImportDeclaration } from 'oxc-parser';

/** `import d, {a as b}, * as n from 's'` → `__bind(await __import('s'), 's', [['d', 'default'], ['b', 'a'], ['n']])`. */
export function importCode(node: ImportDeclaration): string {
  const source = JSON.stringify(node.source.value);
  const attributes = node.attributes.map(({ key, value }) => {
    const name = key.type === 'Literal' ? key.value : key.name;
    return `${JSON.stringify(name)}: ${JSON.stringify(value.value)}`;
  });
  const module = `await __import(${source}${attributes.length ? `, { with: { ${attributes.join(', ')} } }` : ''})`;
  const bindings = node.specifiers.map(specifier => {
    const local = specifier.local.name;
    if (specifier.type === 'ImportNamespaceSpecifier') return [local];
    if (specifier.type === 'ImportDefaultSpecifier') return [local, 'default'];
    const { imported } = specifier;
    return [local, imported.type === 'Literal' ? String(imported.value) : imported.name];
  });
  return bindings.length ? `__bind(${module}, ${source}, ${JSON.stringify(bindings)});` : `${module};`;
}
