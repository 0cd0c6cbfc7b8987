/** Pictures of several parts as one: SVG drawings below or beside each other. */
import { picture } from './svg.ts';

interface Sized {
  svg: string;
  width: number;
  height: number;
}

function sized(svg: string): Sized {
  const head = /^<svg [^>]*>/.exec(svg)?.[0] ?? '';
  const size = (name: string) => Number(new RegExp(` ${name}="([\\d.]+)"`).exec(head)?.[1] ?? 0);
  return { svg, width: size('width'), height: size('height') };
}

/** @param svgs drawings of this library: each begins with its size */
export function stacked(svgs: readonly string[], alt: string, beside = false): string {
  if (svgs.length === 1) return svgs[0];
  const parts = svgs.map(sized);
  let at = 0;
  const placed = parts.map(({ svg, width, height }) => {
    const moved = svg.replace(/^<svg /, `<svg ${beside ? 'x' : 'y'}="${at}" `);
    at += (beside ? width : height) + 12;
    return moved;
  });
  const most = (list: number[]) => list.reduce((a, b) => Math.max(a, b), 1);
  const width = beside ? Math.max(1, at - 12) : most(parts.map(part => part.width));
  const height = beside ? most(parts.map(part => part.height)) : Math.max(1, at - 12);
  return picture({ width, height, alt }, placed);
}
