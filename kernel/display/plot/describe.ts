/** A chart in words: its `text/plain`, and what a screen reader says of it. */
import { extentsOf } from './extents.ts';
import type { Figure, Layer } from './figure.ts';
import { extentOf, formatTick } from './scale.ts';

export function describe(figure: Figure): string {
  const { kind, title, x, y, layers } = figure;
  const head = title ? `${kind}: ${title}` : kind;
  const shown = layers.slice(0, 8).map((layer, i) => sentence(layer, figure, i));
  const more = layers.length > shown.length ? [`and ${layers.length - shown.length} more`] : [];
  const axes = [x.label && `x is ${x.label}`, y.label && `y is ${y.label}`].filter(Boolean).join(', ');
  return [head, axes, ...shown, ...more].filter(Boolean).join('; ');
}

function sentence(layer: Layer, figure: Figure, index: number): string {
  if (layer.type === 'cells') {
    const [low, high] = extentOf(layer.z.flat());
    return `${layer.z.length}×${layer.z[0]?.length ?? 0} values from ${short(low)} to ${short(high)}`;
  }
  const name = layer.name ?? (figure.layers.length > 1 ? `series ${index + 1}` : '');
  const count = `${layer.y.length} ${layer.type === 'bars' ? 'bars' : 'points'}`;
  const finite = layer.y.filter(Number.isFinite);
  if (!finite.length) return `${name && `${name}, `}${count} without values`;
  const [low, high] = finite.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  const at = (value: number) => {
    const position = layer.x[layer.y.indexOf(value)];
    const label = layer.type === 'line' ? undefined : layer.labels?.[layer.y.indexOf(value)];
    return label ?? figure.x.categories?.[position] ?? short(position);
  };
  const ends = layer.type === 'line' ? `, from ${short(finite[0])} to ${short(finite.at(-1) ?? 0)}` : '';
  const where = layer.type === 'points' ? `, x from ${extentsOf(figure).x.map(short).join(' to ')}` : '';
  return `${name && `${name}, `}${count}${ends}${where}, least ${short(low)} at ${at(low)}, greatest ${short(high)} at ${at(high)}`;
}

const short = (value: number): string => formatTick(+value.toPrecision(4));
