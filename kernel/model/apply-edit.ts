/** Splices one edit into a graph whose batch may vary. */
import { FormatError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { formatDims } from '../base/shape.ts';
import { OpenTrace } from '../engine/open-trace.ts';
import type { Graph } from '../onnx/graph.ts';
import { isTexts, metadataOf } from '../onnx/metadata.ts';
import { splice } from '../onnx/surgery.ts';
import type { Edit } from './edits.ts';
import { Sites, SITES_KEY, type Site } from './sites.ts';

/** The graph with the edit behind its site; everything that used the site's value uses the edited one. */
export function applyEdit(graph: Graph, edit: Edit): Graph {
  const sites = new Sites(graph);
  const site = sites.get(edit.site);
  const nominal = nominalDims(site);
  const trace = new OpenTrace();
  const value = trace.input(site.tensor, site.dtype, nominal);
  const inputs = new Map([[site.tensor, value]]);
  const read = (edit.reads ?? []).map(name => {
    const other = sites.get(name);
    const known = inputs.get(other.tensor) ?? trace.input(other.tensor, other.dtype, nominalDims(other));
    inputs.set(other.tensor, known);
    return { value: known, site: other };
  });
  const edited = edit.build(value, site, read);
  const fits =
    edited.dims.length === nominal.length &&
    edited.dims.every((dim, i) => dim === nominal[i] || typeof site.shape![i] === 'string');
  if (!fits)
    throw new ShapeError(
      `${edit.text} gives ${formatDims(edited.dims)} at ${site.name}; expected ${formatDims(site.shape!)}`,
    );
  // the site's own value comes first, also where the piece has no use for it
  const piece = trace.graph({ after: edited });
  const others = piece.inputs.filter(({ name }) => name !== site.tensor);
  const own = { name: site.tensor, dtype: site.dtype, dims: nominal };
  const spliced = connected(edit, site, () =>
    splice(graph, site.tensor, { ...piece, inputs: [own, ...others] }),
  );
  // the documented name goes with the edited value, whichever node makes it now
  const names = { ...metadataOf(graph, SITES_KEY, isTexts), [site.name]: site.tensor };
  return { ...spliced, metadata: { ...graph.metadata, [SITES_KEY]: JSON.stringify(names) } };
}

/** Sizes that vary are traced as 1: the pieces work along fixed axes, so the nodes hold for any size. */
function nominalDims(site: Site): number[] {
  if (!site.shape)
    throw new ShapeError(
      `cannot edit ${site.name}: its shape is not known before running; edit an earlier or later site`,
    );
  return site.shape.map(dim => (typeof dim === 'number' ? dim : 1));
}

/** A site that is read and follows from the edited one would close a circle. */
function connected(edit: Edit, site: Site, splice: () => Graph): Graph {
  try {
    return splice();
  } catch (error) {
    if (!edit.reads?.length || !(error instanceof FormatError)) throw error;
    throw new NeuronbookError(
      `${edit.text} reads ${edit.reads.join(', ')}, which follows from ${site.name}; expected sites before it`,
      { cause: error },
    );
  }
}
