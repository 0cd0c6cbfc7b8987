/** Splices one edit into a graph whose batch may vary. */
import { ShapeError } from '../base/errors.ts';
import { formatDims } from '../base/shape.ts';
import { Trace } from '../engine/trace.ts';
import type { Graph } from '../onnx/graph.ts';
import { isTexts, metadataOf } from '../onnx/metadata.ts';
import { splice } from '../onnx/surgery.ts';
import type { Edit } from './edits.ts';
import { Sites, SITES_KEY } from './sites.ts';

/** The graph with the edit behind its site; everything that used the site's value uses the edited one. */
export function applyEdit(graph: Graph, edit: Edit): Graph {
  const site = new Sites(graph).get(edit.site);
  if (!site.shape)
    throw new ShapeError(
      `cannot edit ${site.name}: its shape is not known before running; edit an earlier or later site`,
    );
  // sizes that vary are traced as 1: the pieces are elementwise, so the nodes hold for any size
  const nominal = site.shape.map(dim => (typeof dim === 'number' ? dim : 1));
  const trace = new Trace();
  const value = trace.input('before', site.dtype, nominal);
  const edited = edit.build(value, site);
  const fits =
    edited.dims.length === nominal.length &&
    edited.dims.every((dim, i) => dim === nominal[i] || typeof site.shape![i] === 'string');
  if (!fits)
    throw new ShapeError(
      `${edit.text} gives ${formatDims(edited.dims)} at ${site.name}; expected ${formatDims(site.shape)}`,
    );
  const spliced = splice(graph, site.tensor, trace.graph({ after: edited }));
  // the documented name goes with the edited value, whichever node makes it now
  const names = { ...metadataOf(graph, SITES_KEY, isTexts), [site.name]: site.tensor };
  return { ...spliced, metadata: { ...graph.metadata, [SITES_KEY]: JSON.stringify(names) } };
}
