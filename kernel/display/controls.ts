/** What a person can move: sliders, choices, switches and text, from the short forms that people write. */
import { NeuronbookError } from '../base/errors.ts';

/** A control as it travels to the front end. */
export type Control =
  | { kind: 'slider'; min: number; max: number; step: number; value: number }
  | { kind: 'choice'; options: string[]; value: string }
  | { kind: 'switch'; value: boolean }
  | { kind: 'text'; value: string };

export type ControlValue = number | string | boolean;

/**
 * `{ min, max, step?, value? }` or `[min, max]` is a slider, a list of texts a choice, a boolean a switch, a text a
 * field for text.
 */
export type ControlForm =
  | { min: number; max: number; step?: number; value?: number }
  | readonly [min: number, max: number]
  | { options: readonly string[]; value?: string }
  | readonly string[]
  | boolean
  | string;

/** The value that `fn` receives for each control. */
export type ValuesOf<Forms extends Record<string, ControlForm>> = {
  -readonly [Name in keyof Forms]: Forms[Name] extends boolean
    ? boolean
    : Forms[Name] extends { min: number } | readonly [number, number]
      ? number
      : Forms[Name] extends readonly (infer Option extends string)[]
        ? Option
        : Forms[Name] extends { options: readonly (infer Option extends string)[] }
          ? Option
          : string;
};

const shown = (form: unknown): string => JSON.stringify(form) ?? String(form);

/** @throws NeuronbookError where a form is none, or its value lies outside it */
export function controlOf(name: string, form: ControlForm): Control {
  if (typeof form === 'boolean') return { kind: 'switch', value: form };
  if (typeof form === 'string') return { kind: 'text', value: form };
  if (isList(form))
    return form.length && typeof form[0] === 'string' ? choice(name, form as string[]) : slider(name, form);
  if (typeof form === 'object' && form !== null) {
    if ('options' in form) return choice(name, form.options, form.value);
    if ('min' in form && 'max' in form) return slider(name, [form.min, form.max], form.step, form.value);
  }
  throw new NeuronbookError(
    `no control for ${name}: ${shown(form)}; expected { min, max }, a list of texts, a boolean or a text`,
  );
}

const isList = (form: unknown): form is readonly unknown[] => Array.isArray(form);

function slider(name: string, [min, max]: readonly unknown[], step?: number, value?: number): Control {
  const wrong = (what: string) =>
    new NeuronbookError(`the slider ${name} ${what}; expected min < max and a value between`);
  if (typeof min !== 'number' || typeof max !== 'number' || !(min < max))
    throw wrong(`goes from ${shown(min)} to ${shown(max)}`);
  const whole = Number.isInteger(min) && Number.isInteger(max) && max - min > 2;
  // whole numbers where the ends are whole and far enough apart; otherwise about a hundred places
  const by = step ?? (whole ? 1 : 10 ** Math.round(Math.log10((max - min) / 100)));
  if (!(by > 0)) throw wrong(`has the step ${shown(by)}`);
  const at = value ?? (min <= 0 && max >= 0 ? 0 : min);
  if (!(at >= min && at <= max)) throw wrong(`begins at ${shown(at)}, outside ${min} … ${max}`);
  return { kind: 'slider', min, max, step: by, value: at };
}

/**
 * Where a browser's slider has to begin and end. It counts its steps from its lower end and moves a value that is on none of
 * them; these are counted from the value that the control begins with, so that it is shown as it is. Whoever reads the
 * slider keeps to `min` and `max`.
 */
export function placesOf({ min, max, step, value }: Extract<Control, { kind: 'slider' }>) {
  const steps = (span: number) => Math.ceil(span / step - 1e-9) * step;
  // browsers count in decimals, and see the digits that adding up leaves behind
  const plain = (place: number) => +place.toPrecision(12);
  return { min: plain(value - steps(value - min)), max: plain(value + steps(max - value)), step };
}

function choice(name: string, options: readonly string[], value = options[0]): Control {
  if (!options.length || !options.every(option => typeof option === 'string'))
    throw new NeuronbookError(`the choice ${name} has options ${shown(options)}; expected a list of texts`);
  if (!options.includes(value))
    throw new NeuronbookError(
      `the choice ${name} begins at ${shown(value)}; expected one of ${options.join(', ')}`,
    );
  return { kind: 'choice', options: [...options], value };
}

/** Whether a front end may send `value` for this control: what comes over the wire is checked like what is saved. */
export function accepts(control: Control, value: unknown): value is ControlValue {
  if (control.kind === 'slider')
    return typeof value === 'number' && value >= control.min && value <= control.max;
  if (control.kind === 'choice') return control.options.includes(value as string);
  return typeof value === typeof control.value && String(value).length <= 100_000;
}

/** Says what is wrong with a value that should be a control. */
export function controlProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is not an object';
  const { kind, value: at, min, max, step, options } = value as Record<string, unknown>;
  if (kind === 'slider') {
    if (![min, max, step, at].every(Number.isFinite) || !((min as number) < (max as number)))
      return 'is no slider';
  } else if (kind === 'choice') {
    if (!Array.isArray(options) || !options.every(option => typeof option === 'string'))
      return 'has no options';
  } else if (kind !== 'switch' && kind !== 'text') return `is of kind ${JSON.stringify(kind)}`;
  return accepts(value as Control, at) ? undefined : 'has a value outside it';
}
