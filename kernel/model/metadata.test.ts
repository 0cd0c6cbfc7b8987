/** What a file says about itself, where that is damaged. */
import { expect, test } from 'vitest';
import { FormatError } from '../base/errors.ts';
import { Sites } from './sites.ts';
import { imageInputOf } from './image-input.ts';
import { decode } from '../onnx/decode.ts';
import { isTexts, metadataOf } from '../onnx/metadata.ts';
import { convnet } from '../onnx/testing.ts';
import { file, refusal } from '../onnx/testing-file.ts';

const saying = (key: string, value: string) => ({ ...convnet(), metadata: { [key]: value } });

test('metadata is believed only where it makes sense', () => {
  expect(metadataOf(convnet(), 'neuronbook.sites', isTexts)).toBeUndefined();
  expect(new Sites(saying('neuronbook.sites', '{"first": "c"}')).get('first').tensor).toBe('c');
  for (const [key, value] of [
    ['neuronbook.sites', '{"first": '],
    ['neuronbook.sites', '{"first": 1}'],
    ['neuronbook.sites', '["first"]'],
  ])
    expect(() => new Sites(saying(key, value))).toThrow(
      `test: metadata ${key} makes no sense: ${value}; remove it from the file, or save the model again`,
    );
  for (const value of ['null', '{"mean": 3}', '{"order": "bw"}', '{"scale": "1"}'])
    expect(() => imageInputOf(saying('neuronbook.image', value))).toThrow(FormatError);
});

test('a sparse tensor without values is refused', () => {
  expect(refusal(file({ sparse_initializer: [{ dims: [2] }] }))).toBe(
    'net.onnx: sparse tensor (unnamed) lacks its values or their indices; the file is damaged',
  );
});

test('an attribute that says it holds a tensor, and holds none, is refused', () => {
  const attribute = [{ name: 'value', type: 4 }];
  const bytes = file({ node: [{ op_type: 'Constant', output: ['y'], attribute }] });
  expect(refusal(bytes)).toBe('net.onnx: attribute value of Constant y is empty; the file is damaged');
  expect(() => decode(bytes)).toThrow(
    'the model: attribute value of Constant y is empty; the file is damaged',
  );
});
