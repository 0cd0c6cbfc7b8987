/**
 * Lists of tensors, taken out where it is known what is in them. PyTorch's exporter writes `chunk`, `split` and `unbind`
 * as a list and its entries when it is asked not to optimize: each entry is a slice. A list that data makes stays.
 */
import { Tensor } from '../base/tensor.ts';
import { nodeOf, type Node } from './graph.ts';

/** The nodes that give entry `index` of a list under a name; undefined where that is not known. */
type Entry = (index: number, output: string) => Node[] | undefined;

interface List {
  entry: Entry;
  /** Its entries, where it was put together. */
  items?: readonly string[];
}

const END = 2n ** 63n - 1n;

/** @param constants gets the bounds of slices */
export function unlisted(nodes: readonly Node[], constants: Map<string, Tensor>, opset: number): Node[] {
  if (!nodes.some(({ op }) => op === 'SequenceAt' || op === 'ConcatFromSequence')) return [...nodes];
  const whole = (name: string, ...values: (number | bigint)[]): string => {
    const data = BigInt64Array.from(values, BigInt);
    constants.set(name, new Tensor('int64', [data.length], data));
    return name;
  };
  const numbersAt = (name: string | undefined): number[] | undefined =>
    name ? constants.get(name)?.toNumbers() : undefined;

  const listOf = ({ op, inputs, attributes }: Node): List | undefined => {
    if (op === 'SequenceConstruct') {
      const entry: Entry = (index, output) => {
        const item = inputs.at(index);
        return item === undefined ? undefined : [nodeOf('Identity', [item], output)];
      };
      return { entry, items: inputs };
    }
    if (op !== 'SplitToSequence') return undefined;
    const [x, split] = inputs;
    const axis = Number(attributes.axis ?? 0n);
    const sizes = numbersAt(split);
    if (split && !sizes) return undefined;
    const scalar = !split || constants.get(split)!.dims.length === 0;
    return {
      entry(index, output) {
        if (!split && Number(attributes.keepdims ?? 1n) === 0) {
          const at = `${output}/index`;
          constants.set(at, new Tensor('int64', [], BigInt64Array.of(BigInt(index))));
          return [nodeOf('Gather', [x, at], output, { axis: BigInt(axis) })];
        }
        const range = scalar ? pieceOf(index, sizes?.[0]) : partOf(index, sizes!);
        if (!range) return undefined;
        const [from, to] = [whole(`${output}/from`, range[0]), whole(`${output}/to`, range[1])];
        return [nodeOf('Slice', [x, from, to, whole(`${output}/axis`, axis)], output)];
      },
    };
  };

  const joined = ({ inputs: [list], outputs: [output], attributes }: Node): Node[] | undefined => {
    const items = lists.get(list)?.items;
    if (!items) return undefined;
    const { axis, new_axis: added } = attributes;
    if (!Number(added ?? 0n)) return [nodeOf('Concat', items, output, { axis })];
    const wide = items.map((item, i) => {
      const name = `${output}/${i}`;
      return opset < 13
        ? nodeOf('Unsqueeze', [item], name, { axes: [axis as bigint] })
        : nodeOf('Unsqueeze', [item, whole(`${name}/axis`, axis as bigint)], name);
    });
    return [
      ...wide,
      nodeOf(
        'Concat',
        wide.flatMap(({ outputs }) => outputs),
        output,
        { axis },
      ),
    ];
  };

  const lists = new Map<string, List>();
  const made = nodes.flatMap((node): Node[] => {
    const list = node.domain === '' ? listOf(node) : undefined;
    if (list) lists.set(node.outputs[0], list);
    if (node.domain !== '') return [node];
    if (node.op === 'ConcatFromSequence') return joined(node) ?? [node];
    if (node.op !== 'SequenceAt') return [node];
    const [index] = numbersAt(node.inputs[1]) ?? [];
    const entry = index === undefined ? undefined : lists.get(node.inputs[0])?.entry;
    return (entry?.(index, node.outputs[0]) ?? [node]).map(each => ({
      ...each,
      name: node.name || each.name,
    }));
  });
  const read = new Set(made.flatMap(({ inputs }) => inputs));
  return made.filter(({ outputs }) => !lists.has(outputs[0]) || read.has(outputs[0]));
}

/** Pieces of one size, the last of which may be shorter; from the end only where each is 1 long. */
const pieceOf = (index: number, size = 1): [number | bigint, number | bigint] | undefined =>
  index >= 0
    ? [index * size, (index + 1) * size]
    : size === 1
      ? [index, index === -1 ? END : index + 1]
      : undefined;

function partOf(index: number, sizes: readonly number[]): [number, number] | undefined {
  const at = index < 0 ? index + sizes.length : index;
  if (!(at in sizes)) return undefined;
  const from = sizes.slice(0, at).reduce((sum, size) => sum + size, 0);
  return [from, from + sizes[at]];
}
