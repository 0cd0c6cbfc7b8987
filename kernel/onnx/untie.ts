/**
 * Equal weights that an exporter wrote once. PyTorch's exporters keep one of several equal initializers (the gains and
 * offsets of every fresh norm, the layers of a fresh nn.TransformerEncoder, which are copies), with an Identity for each
 * of the others or with none. To whoever trains them they are weights of their own, as they were before the export; a
 * module that is called several times has its weights once.
 *
 * What tells them apart is the module that a node belongs to, as the exporter notes it. Weights of one number over and
 * over are apart in any two modules; others only in modules whose paths differ by numbers alone (`layers.0.linear1`,
 * `layers.1.linear1`): an embedding that is also the way out stays one.
 */
import { isFloat } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { GraphProto, NodeProto } from './schema.ts';

/** @param constants gets a name more for each weight that is one of its own; they share their memory */
export function untied({ node: nodes, output }: GraphProto, constants: Map<string, Tensor>): NodeProto[] {
  const results = new Set(output.map(({ name }) => name));
  const taken = new Set([...constants.keys(), ...nodes.flatMap(node => node.output), ...results]);
  const readers = new Map<string, NodeProto[]>();
  for (const node of nodes)
    for (const name of new Set(node.input)) readers.set(name, [...(readers.get(name) ?? []), node]);
  const scopesAt = (name: string, scopeOf: Scope): string[] => [
    ...new Set((readers.get(name) ?? []).flatMap(node => scopeOf(node) ?? [])),
  ];

  // 1. copies by Identity: TorchScript
  const copies = new Set<NodeProto>();
  for (const node of nodes) {
    const [from, to] = [node.input[0], node.output[0]];
    const value = weightAt(constants, from);
    if (!value || node.op_type !== 'Identity' || node.domain || results.has(to)) continue;
    const named = /\./.test(from) && alike(from, to);
    const [here, there] = [scopesAt(from, calledAt), scopesAt(to, calledAt)];
    if (!named && !isUniform(value) && !here.some(a => there.some(b => alike(a, b)))) continue;
    constants.set(to, value);
    copies.add(node);
  }

  // 2. one that several modules read: dynamo
  const renamed = new Map<NodeProto, Map<string, string>>();
  for (const [name, all] of readers) {
    const value = weightAt(constants, name);
    const scopes = scopesAt(name, writtenFor);
    if (!value || value.size === 1 || scopes.length < 2) continue;
    const first = scopes.find(scope => scope && name.startsWith(`${scope}.`)) ?? scopes[0];
    const others = scopes.filter(scope => scope !== first);
    const free = isUniform(value) ? others : others.filter(scope => alike(first, scope));
    for (const scope of free) {
      const named = ownName(name, first, scope);
      // a module that has its own besides reads a constant that the exporter made
      const own = fresh(taken.has(named) ? `${scope}/Constant_output_0` : named, taken);
      constants.set(own, value);
      for (const node of all)
        if (!copies.has(node) && writtenFor(node) === scope)
          renamed.set(node, (renamed.get(node) ?? new Map()).set(name, own));
    }
  }
  return nodes
    .filter(node => !copies.has(node))
    .map(node => {
      const names = renamed.get(node);
      return names ? { ...node, input: node.input.map(name => names.get(name) ?? name) } : node;
    });
}

function weightAt(constants: ReadonlyMap<string, Tensor>, name: string): Tensor | undefined {
  const value = constants.get(name);
  return value && isFloat(value.dtype) && value.dims.length ? value : undefined;
}

type Scope = (node: NodeProto) => string | undefined;

/** The module of dynamo's note "['', 'layers.0', 'layers.0.norm1', 'layer_norm']", whose last is the operator. */
const writtenFor: Scope = ({ metadata_props: notes = [] }) => {
  const scopes = notes.find(({ key }) => key === 'pkg.torch.onnx.name_scopes')?.value;
  return scopes && [...scopes.matchAll(/'([^']*)'/g)].at(-2)?.[1].replaceAll(/@\d+/g, '');
};

/** The module of TorchScript's `/layers.0/norm1_2/LayerNormalization`, where 2 counts the calls. */
const calledAt: Scope = ({ name = '' }) =>
  name.startsWith('/') ? name.replace(/\/[^/]*$/, '').replaceAll(/_\d+(?=\/|$)/g, '') : undefined;

/** Two names that differ by numbers alone. */
const alike = (a: string, b: string): boolean => a !== b && pattern(a) === pattern(b);
const pattern = (name: string): string => name.replaceAll(/\d+/g, '#');

/** `layers.0.norm1.weight` of the first module is `layers.0.norm2.weight` in the other. */
const ownName = (name: string, first: string, scope: string): string =>
  first && name.startsWith(`${first}.`) ? scope + name.slice(first.length) : `${name}/${scope}`;

function fresh(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}_${i}`;
  taken.add(free);
  return free;
}

function isUniform({ data }: Tensor): boolean {
  for (let i = 1; i < data.length; i++) if (data[i] !== data[0]) return false;
  return true;
}
