/** The table of operators in `docs/operators.md`, made from the rules; nothing in it is typed by hand. */
import { noGradient, stopsGradients, type Op } from './op.ts';
import { ruleOf, supportedOps } from './rules.ts';
import { OPSET } from './trace.ts';

const domains = {
  '': 'ONNX (ai.onnx)',
  'com.microsoft': "ONNX Runtime's own (com.microsoft)",
};

/** How a gradient gets through an operator. */
function gradientOf(rule: Op): string {
  if (rule.gradient === noGradient) return 'none flows';
  if (stopsGradients(rule)) return rule.quantizes ? 'on request' : 'stops';
  return rule.gradient ? 'yes' : 'by parts';
}

function rowsOf(domain: string): string[][] {
  const names = supportedOps().flatMap(([own, name]) => (own === domain ? [name] : []));
  return names.sort().map(name => {
    const rule = ruleOf(domain, name)!;
    return [name, gradientOf(rule), rule.fold ? 'yes' : '', rule.upgrade ? 'rewritten' : ''];
  });
}

/** What the parts of fused operators are called, by operator; those that share their names share a table. */
function partTables(): string {
  const shared = new Map<string, { names: string[]; rows: string[][] }>();
  for (const [domain, name] of supportedOps()) {
    const { parts } = ruleOf(domain, name)!;
    if (!parts) continue;
    const rows = Object.entries(parts).map(([part, what]) => [part, what]);
    const known = shared.get(JSON.stringify(rows));
    const label = domain ? `${domain}.${name}` : name;
    if (known) known.names.push(label);
    else shared.set(JSON.stringify(rows), { names: [label], rows });
  }
  return [...shared.values()]
    .map(({ names, rows }) => `### ${names.join(', ')}\n\n${table(['part', 'what it is'], rows)}\n`)
    .join('\n');
}

/** A table of Markdown with columns as wide as their widest cell, as prettier writes it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/**
 * The page: one table per domain.
 * @example await writeFile('docs/operators.md', supportPage())
 */
export function supportPage(): string {
  const head = ['operator', 'gradient', 'folded', 'older forms'];
  const sections = Object.entries(domains).map(([domain, title]) => {
    const rows = rowsOf(domain);
    return `## ${title}: ${rows.length} operators\n\n${table(head, rows)}\n`;
  });
  return `# Operators

Made from the rules in \`kernel/engine/ops\` by \`kernel/engine/support.ts\`; a test fails where this page is out of date.

Networks of opset 7 and later are read; those before ${OPSET} are rewritten to ${OPSET} where forms have changed. Any operator that
ONNX Runtime knows can run, be read and be edited. The operators below are known to the engine too: their shapes are
inferred, and gradients are taken through them.

- **gradient** \`yes\`: exact, and differentiable again. \`by parts\`: taken through the operators that it is made of.
  \`none flows\`: its output is flat, or made of integers, so its inputs get no gradient. \`stops\`: a gradient through it
  is an error that names it. \`on request\`: the same, but straight through its rounding where that is asked for.
- **folded**: computed before anything runs where its inputs are constants.
- **older forms**: written otherwise in an older opset, and rewritten from there.

${sections.join('\n')}
## Inside fused operators

\`model.decompose()\` takes fused nodes apart, recurrent ones where they are named: \`model.decompose('LSTM')\`. What
they compute inside is then a site like any other, \`<node>.<part>\`; \`t\` counts the steps from 0.

${partTables()}`;
}
