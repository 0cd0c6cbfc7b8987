/** Reading a config.json, which may come from a stranger: every entry is checked before it is believed. */
import { NeuronbookError } from '../../base/errors.ts';
import { isObject } from '../../onnx/metadata.ts';
import type { HuggingFaceConfig } from './architecture.ts';

type Names = string | readonly string[];

/** The first of several spellings that is there, with its value. */
function found(config: HuggingFaceConfig, names: Names): [name: string, value: unknown] | undefined {
  const name = [names].flat().find(key => config[key] !== undefined && config[key] !== null);
  return name === undefined ? undefined : [name, config[name]];
}

const kinds: Readonly<Record<string, string>> = {
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  object: 'an object',
};

/**
 * An entry, or the fallback where there is none.
 * @throws NeuronbookError where it is not what the fallback is: a finite number, a text, true or false, an object
 */
export function entry<T extends number | boolean | string | Readonly<Record<string, unknown>>>(
  config: HuggingFaceConfig,
  names: Names,
  fallback: T,
): T extends number ? number : T extends boolean ? boolean : T extends string ? string : HuggingFaceConfig {
  const [name, value] = found(config, names) ?? ['', fallback];
  const fits = isObject(fallback)
    ? isObject(value)
    : typeof value === typeof fallback && (typeof value !== 'number' || Number.isFinite(value));
  if (!fits) refuse(name, value, kinds[typeof fallback]);
  return value as ReturnType<typeof entry<T>>;
}

/** A number that may be left out. */
export function optional(config: HuggingFaceConfig, names: Names): number | undefined {
  return found(config, names) === undefined ? undefined : entry(config, names, 0);
}

/** A list of numbers. */
export function numbers(
  config: HuggingFaceConfig,
  name: string,
  fallback: readonly number[],
): readonly number[] {
  const value = config[name] ?? fallback;
  if (!Array.isArray(value) || !value.every(Number.isFinite)) refuse(name, value, 'a list of numbers');
  return value as number[];
}

/**
 * Refuses what would compute something else than is built here.
 * @param supported entry → the value that is meant where the entry is left out
 * @throws NeuronbookError naming the entry
 */
export function assertSupported(
  config: HuggingFaceConfig,
  supported: Readonly<Record<string, boolean | number | string>>,
): void {
  for (const [name, value] of Object.entries(supported)) {
    const said = config[name] ?? value;
    if (said !== value)
      throw new NeuronbookError(
        `unsupported in config.json: ${name} ${JSON.stringify(said).slice(0, 60)}; expected ${value}; ` +
          'export the model to ONNX and load that file',
      );
  }
}

/** The names of the classes, by index. */
export function labelsOf({ id2label }: HuggingFaceConfig): string[] | undefined {
  return isObject(id2label) ? Object.values(id2label).map(String) : undefined;
}

/** How many classes there are, where `architectures` names a network that classifies; 0 for any other. */
export function classesOf(config: HuggingFaceConfig, suffix: string): number {
  const classifies = headOf(config).endsWith(suffix);
  return classifies ? entry(config, 'num_labels', labelsOf(config)?.length ?? 2) : 0;
}

/** The class that the checkpoint was saved from: `BertForMaskedLM`. */
export const headOf = ({ architectures }: HuggingFaceConfig): string =>
  Array.isArray(architectures) && typeof architectures[0] === 'string' ? architectures[0] : '';

function refuse(name: string, value: unknown, expected: string): never {
  throw new NeuronbookError(
    `config.json: ${name} is ${JSON.stringify(value)?.slice(0, 60)}; expected ${expected}`,
  );
}

/** What no network has more of: beyond it a number is a mistake, or meant to exhaust whoever believes it. */
const mostLayers = 1000;
const mostUnits = 2 ** 28;

/**
 * Checks the sizes of a configuration.
 * @throws NeuronbookError naming the first that is no whole number from 1, or absurd
 */
export function assertSizes(network: string, sizes: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (value === undefined) continue;
    const most = name === 'layers' ? mostLayers : mostUnits;
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new NeuronbookError(`${network}: ${name} is ${value}; expected a whole number from 1 to ${most}`);
  }
}
