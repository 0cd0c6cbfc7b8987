/** Settings of a figure's controls that its graph is tried at: as they begin, and each at its ends. */
import type { LiveControl, LiveValue, LiveValues } from '../../display/views/live.ts';

/** Options tried of one choice. */
const MOST = 3;

/** @returns the values that the controls begin with, then one change from there each */
export function settingsOf(fields: Readonly<Record<string, LiveControl>>): LiveValues[] {
  const begun = Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
  return [
    begun,
    ...Object.entries(fields).flatMap(([name, field]) =>
      others(field).map((value): LiveValues => ({ ...begun, [name]: value })),
    ),
  ];
}

function others(field: LiveControl): LiveValue[] {
  if (field.kind === 'slider') return [field.min, field.max].filter(value => value !== field.value);
  // the same words the other way round: the same length, and other answers
  if (field.kind === 'words') return [field.value.trim().split(/\s+/).reverse().join(' ')];
  return field.options.filter(option => option !== field.value).slice(0, MOST);
}
