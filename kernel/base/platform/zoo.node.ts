/** Where the bundled models lie in Node: beside the sources, or beside `dist`. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = ['../../zoo/', '../../../zoo/']
  .map(path => fileURLToPath(new URL(path, import.meta.url)))
  .find(
    path =>
      existsSync(path) && readdirSync(path, { withFileTypes: true }).some(item => hasModel(path, item.name)),
  );

function hasModel(path: string, name: string): boolean {
  return existsSync(`${path}${name}/${name}.onnx`);
}

export const zooFile = (name: string): string => `${folder}${name}/${name}.onnx`;

export const zooNames = (): string[] =>
  folder ? readdirSync(folder).filter(name => hasModel(folder, name)) : [];
