/**
 * A project with a copy of the package of its own, and a plugin with another, under a kernel that brings a third: all in
 * one process. They share one host, and know each other's tensors, displays and errors by symbols, never by `instanceof`.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultOf, startKernel, textOf, typesOf, type Client } from '../session/test-client.ts';

const kernel = fileURLToPath(new URL('..', import.meta.url));
const modules = join(dirname(kernel), 'node_modules');

let project: string;
let client: Client;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'neuronbook-copies-'));
  const plugin = join(project, 'node_modules', 'plugin');
  for (const place of [project, plugin]) {
    const copy = join(place, 'node_modules', 'neuronbook');
    mkdirSync(copy, { recursive: true });
    for (const name of ['package.json', 'dist', 'zoo'])
      cpSync(join(kernel, name), join(copy, name), { recursive: true });
  }
  writeFileSync(
    join(plugin, 'package.json'),
    '{ "name": "plugin", "type": "module", "exports": "./index.js" }',
  );
  writeFileSync(join(plugin, 'index.js'), "export * from 'neuronbook';");
  // its dependencies, as npm would have put them beside it
  for (const place of [join(kernel, 'node_modules'), modules])
    for (const name of readdirSync(place))
      if (name !== 'neuronbook' && !name.startsWith('.'))
        try {
          symlinkSync(join(place, name), join(project, 'node_modules', name), 'junction');
        } catch {
          continue; // the one of the kernel's own folder wins
        }
  client = await startKernel({ cwd: project });
  const { reply } = await client.execute(`
    import { load, tensor, display as show, progress as steps, Tensor, viz } from 'neuronbook';
    import * as other from 'plugin';
    const model = await load('zoo:textures');`);
  expect(reply.content.evalue ?? 'ok').toBe('ok');
}, 60_000);

afterAll(async () => {
  await client.stop();
  rmSync(project, { recursive: true, force: true });
}, 60_000);

/** The MIME types of all that a cell showed. */
async function shown(code: string): Promise<string[][]> {
  const answer = await client.execute(code);
  expect(answer.reply.content.evalue ?? 'ok').toBe('ok');
  return answer.outputs
    .filter(({ content }) => content.data)
    .map(({ content }) => Object.keys(content.data as object).sort());
}

test('they are not the same', async () => {
  expect(
    resultOf(await client.execute('import.meta.resolve("neuronbook").includes("neuronbook-copies-")')),
  ).toBe('true');
  expect(resultOf(await client.execute('other.Tensor === Tensor'))).toBe('false');
});

test('a tensor of one is a tensor to the other, as input, value and display', async () => {
  const image = 'new Float32Array(3 * 48 * 48), [1, 3, 48, 48]';
  const code = `const ran = await model.run({ image: other.tensor(${image}) }, { read: ['conv3'] });
    other.tensor([1, 2]).dims.length + ran.sites.conv3.dims.length`;
  expect(resultOf(await client.execute(code))).toBe('5');
  expect(await shown('other.tensor([1, 2, 3])')).toEqual(await shown('tensor([1, 2, 3])'));
  // `display` of the kernel, of the project and of the plugin
  const expected = await shown('display(tensor([1]))');
  for (const code of ['show(other.tensor([1]))', 'other.display(tensor([1]))', 'display(other.tensor([1]))'])
    expect(await shown(code)).toEqual(expected);
});

test('displays of both reach the notebook, and each updates what it made', async () => {
  const answer = await client.execute(`
    const mine = show('one', { id: 'of-the-project' });
    other.display('two', { id: 'of-the-plugin' });
    other.update('of-the-project', 'three');`);
  expect(answer.reply.content.evalue ?? 'ok').toBe('ok');
  expect(typesOf(answer)).toEqual(['execute_input', 'display_data', 'display_data', 'update_display_data']);
  expect(await shown('for (const _ of steps(3)); for (const _ of other.progress(3));')).not.toEqual([]);
});

test("an error of the project's copy is told by its name, and one knows the other's", async () => {
  const wrong = await client.execute('await model.run({ image: other.tensor([1]) })');
  expect(wrong.reply.content.ename).toBe('ShapeError');
  const caught = `let told = ''; try { other.tensor([1, 2], [3]) } catch (error) { told = (error as Error).name } told`;
  expect(resultOf(await client.execute(caught))).toBe("'ShapeError'");
});

test("an interrupt stops the project's copy, and leaves its picture", async () => {
  const id = await client.send(
    'execute_request',
    client.executeRequest('var picture = await viz.feature(model, "conv3", { channel: 5, steps: 100_000 })'),
  );
  await client.until(() => client.outputsOf(id).length >= 3, 'a picture');
  await client.interrupt();
  const answer = await client.finish(id);
  expect(answer.reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
  expect(textOf(answer, 'stderr')).toBe('');
  expect(resultOf(await client.execute('typeof picture'))).toBe("'object'");
}, 60_000);
