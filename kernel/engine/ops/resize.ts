/** Resize and its ancestor Upsample. Every mode is a linear map along each axis, which is its gradient. */
import { OpError, ShapeError } from '../../base/errors.ts';
import { formatDims, wrapAxis } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import type { Attributes, Node } from '../../onnx/graph.ts';
import { floatOf, intOf, intsOf, textOf, without } from '../attributes.ts';
import { linearAdjoint, type AxisMap } from '../functions-spatial.ts';
import type { Call, Op, UpgradeTools } from '../op.ts';
import { constantInts, need } from './makers.ts';

/** One axis of a resize, as ONNX defines it. */
interface Axis {
  axis: number;
  size: number;
  resized: number;
  scale: number;
  /** The part of the axis that tf_crop_and_resize shows. */
  region: readonly [start: number, end: number];
}

/** As ONNX Runtime computes coordinates: in single precision, which decides ties between neighbours. */
const f = Math.fround;

/** Where on the original axis the position x of the resized axis lies. */
const coordinates: Record<string, (x: number, axis: Axis) => number> = {
  // (x + ½)/s − ½
  half_pixel: (x, { scale }) => f(f(f(x + 0.5) / scale) - 0.5),
  pytorch_half_pixel: (x, { scale, resized }) => (resized > 1 ? f(f(f(x + 0.5) / scale) - 0.5) : 0),
  // The same, moved so that both axes share their centre although s·size was rounded
  half_pixel_symmetric(x, { size, resized, scale }) {
    const adjustment = f(resized / f(scale * size));
    const offset = f(f(size / 2) * f(1 - adjustment));
    return f(offset + f(f(f(x + 0.5) / scale) - 0.5));
  },
  align_corners: (x, { size, resized }) => (resized === 1 ? 0 : f(f(x * (size - 1)) / (resized - 1))),
  asymmetric: (x, { scale }) => f(x / scale),
  tf_crop_and_resize: (x, { size, resized, region: [start, end] }) =>
    resized > 1
      ? f(f(start * (size - 1)) + f(f(f(x * f(end - start)) * (size - 1)) / (resized - 1)))
      : f(0.5 * f(f(start + end) * (size - 1))),
};

const rounding: Record<string, (x: number) => number> = {
  round_prefer_floor: x => Math.ceil(x - 0.5),
  round_prefer_ceil: x => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

function axesOf(call: Call): Axis[] {
  const { dims } = need(call, 0);
  const axes = (intsOf(call.attributes, 'axes') ?? dims.map((_, i) => i)).map(axis =>
    wrapAxis(axis, dims.length),
  );
  const values = (index: number, what: string) => {
    const given = constantInts(call, index, what);
    return given?.length ? given : undefined;
  };
  const scales = values(2, 'scales');
  const sizes = scales ? undefined : values(3, 'sizes');
  const given = scales ?? sizes;
  if (!given || given.length !== axes.length)
    throw new ShapeError(
      `Resize of ${formatDims(dims)} with ${given?.length ?? 'no'} scales or sizes; expected ${axes.length}`,
    );
  const crops =
    textOf(call.attributes, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const roi = crops ? values(1, 'roi') : undefined;
  const policy = textOf(call.attributes, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = sizes?.map((size, i) => f(size / dims[axes[i]])) ?? [];
  const common =
    sizes && policy !== 'stretch' ? (policy === 'not_larger' ? Math.min : Math.max)(...ratios) : undefined;
  return axes.map((axis, i): Axis => {
    const size = dims[axis];
    const scale = common ?? scales?.[i] ?? ratios[i];
    const resized = common
      ? Math.floor(f(common * size) + 0.5)
      : (sizes?.[i] ?? Math.floor(f(f(scale) * size)));
    return { axis, size, resized, scale: f(scale), region: roi ? [roi[i], roi[i + axes.length]] : [0, 1] };
  });
}

/** How much a pixel at a distance counts: a triangle, or a piecewise cubic with slope a at 1 (Keys, 1981). */
const kernels: Record<string, { reach: number; weight: (distance: number, a: number) => number }> = {
  linear: { reach: 1, weight: d => Math.max(0, 1 - d) },
  cubic: {
    reach: 2,
    weight: (d, a) =>
      d < 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0,
  },
};

/** What each position of the resized axis shows of the original: the rows of a linear map. */
function mapOf(call: Call, axis: Axis): AxisMap {
  const { attributes } = call;
  const mode = textOf(attributes, 'mode', 'nearest');
  const { size, resized, scale } = axis;
  const place = textOf(attributes, 'coordinate_transformation_mode', 'half_pixel');
  const original = coordinates[place];
  const round = rounding[textOf(attributes, 'nearest_mode', 'round_prefer_floor')];
  if (!original || !round)
    throw new OpError(`no gradient for Resize with ${place} at ${call.site}`, 'Resize', call.site);
  const clamp = (i: number) => Math.min(Math.max(i, 0), size - 1);
  const isInside = (i: number) => i === clamp(i);
  const { reach, weight } = kernels[mode] ?? kernels.linear;
  const slope = floatOf(attributes, 'cubic_coeff_a', -0.75);
  const excludes = intOf(attributes, 'exclude_outside', 0) === 1;
  // shrinking with antialias, the kernel widens so that it covers what each position stands for
  const wide = intOf(attributes, 'antialias', 0) ? Math.max(1, 1 / scale) : 1;
  const rows = Array.from({ length: resized }, (_, o): (readonly [number, number])[] => {
    const at = original(o, axis);
    if (place === 'tf_crop_and_resize' && (at < 0 || at > size - 1)) return [];
    if (mode === 'nearest') return [[clamp(round(at)), 1]];
    const centre = mode === 'linear' && wide === 1 ? clamp(at) : at;
    const first = Math.ceil(centre - reach * wide);
    const count = Math.floor(centre + reach * wide) - first + 1;
    const taps = Array.from({ length: count }, (_, k) => first + k)
      .filter(i => !excludes || isInside(i))
      .map(i => [i, weight(Math.abs(i - centre) / wide, slope)] as const);
    const total = taps.reduce((sum, [, part]) => sum + part, 0);
    // what lies outside is what lies at the border
    const row = new Map<number, number>();
    for (const [i, part] of taps) row.set(clamp(i), (row.get(clamp(i)) ?? 0) + part / total);
    return [...row].filter(([, part]) => part !== 0);
  });
  return { axis: axis.axis, size, rows };
}

export const Resize: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const made = [...dims];
    for (const { axis, resized } of axesOf(call)) made[axis] = resized;
    return [{ dtype, dims: made }];
  },
  gradient(call) {
    // an axis that keeps its size and scale shows itself in every mode
    const axes = axesOf(call).filter(axis => axis.size !== axis.resized || axis.scale !== 1);
    return [() => linearAdjoint(call.dy, axes.map(axis => mapOf(call, axis)))]; // prettier-ignore
  },
  upgrade(node, tools) {
    if (tools.opset >= 11) return [withoutEmpty(node, tools)];
    return [asymmetric(node, node.inputs[1], tools)];
  },
};

export const Upsample: Op = {
  infer() {
    throw new ShapeError('Upsample was removed in opset 10; expected Resize');
  },
  gradient: call => Resize.gradient!(call),
  // Opset 7 had the scales as an attribute, 9 as an input.
  upgrade(node, tools) {
    const scales = node.attributes.scales as readonly number[] | undefined;
    const input = scales ? tools.constant(tensor(Float32Array.from(scales))) : node.inputs[1];
    return [
      asymmetric({ ...node, op: 'Resize', attributes: without(node.attributes, 'scales') }, input, tools),
    ];
  },
};

/** Before opset 11: x/s, and for nearest the element before it, when growing, or behind it, when shrinking. */
function asymmetric(node: Node, scales: string, tools: UpgradeTools): Node {
  const shrinks = tools
    .constantOf(scales)
    ?.toNumbers()
    .some(scale => scale < 1);
  const mode = textOf(node.attributes, 'mode', 'nearest');
  return {
    ...node,
    inputs: [node.inputs[0], '', scales],
    attributes: {
      ...node.attributes,
      mode: mode === 'bilinear' ? 'linear' : mode,
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: shrinks ? 'ceil' : 'floor',
    },
  };
}

/** Opset 11 spelled an input that is left out as an empty tensor, and had a rounding of its own. */
function withoutEmpty(node: Node, tools: UpgradeTools): Node {
  const crops = node.attributes.coordinate_transformation_mode === 'tf_crop_and_resize';
  const inputs = node.inputs.map((name, i) =>
    (i === 1 && !crops) || (i > 0 && tools.constantOf(name)?.size === 0) ? '' : name,
  );
  // ⌊(x + ½)/s⌋ is (x + ½)/s − ½ rounded, halves up
  const rounds: Attributes =
    node.attributes.coordinate_transformation_mode === 'tf_half_pixel_for_nn' &&
    node.attributes.nearest_mode === 'floor'
      ? { coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' }
      : {};
  return { ...node, inputs, attributes: { ...node.attributes, ...rounds } };
}
