/** The cell that does what the inspector's buttons do, as a person would write it. */
import type { InspectedModel, Recipe } from 'neuronbook/display/inspection';

/** Apart from the word before it, or tools that look for imports would find one in this file. */
const door = "from 'neuronbook';";

const isName = (text: string): boolean => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(text);
const quoted = (text: string): string =>
  `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r')}'`;

/** @param inputs input → variable; an input that nothing fits is left for its reader to fill in */
export function cellOf(
  what: Recipe,
  model: InspectedModel,
  site: string,
  inputs: Readonly<Record<string, string>>,
  channel: number,
): string {
  if (what === 'feature')
    return `import { viz } ${door}\n\nawait viz.feature(${model.name}, ${quoted(site)}, { channel: ${channel} });`;
  const feeds = model.inputs.map(({ name }) => {
    const variable = inputs[name] ?? '/* a tensor */';
    return name === variable ? name : `${isName(name) ? name : quoted(name)}: ${variable}`;
  });
  const read = `const { sites } = await ${model.name}.run({ ${feeds.join(', ')} }, { read: [${quoted(site)}] });`;
  const values = isName(site) ? `sites.${site}` : `sites[${quoted(site)}]`;
  return what === 'activations'
    ? `import { view } ${door}\n\n${read}\nview.matrix(${values}, { title: ${quoted(site)} });`
    : `import { plot } ${door}\n\n${read}\nplot.histogram(${values}, { title: ${quoted(site)}, x: 'activation' });`;
}
