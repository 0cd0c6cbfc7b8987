/** `zoo:patches` looks at the shape where the ground says another. */
import { expect, test } from 'vitest';
import { load, rng, shapes } from '../../index.ts';

test('a shape on the ground of the next one is told by its shape, and the file names its classes', async () => {
  const model = await load('zoo:patches');
  expect(model.imageInput).toMatchObject({ input: 'image', labels: [...shapes.classes] });
  const stream = rng('another ground');
  const count = 25;
  let [byShape, byGround] = [0, 0];
  for (const [i, only] of shapes.classes.entries()) {
    const next = (i + 1) % shapes.classes.length;
    const { image } = shapes.batch(stream, count, { only, ground: shapes.textures[next] });
    const { outputs } = await model.run({ image });
    for (const row of outputs.logits.toArray() as number[][]) {
      const said = row.indexOf(Math.max(...row));
      byShape += Number(said === i);
      byGround += Number(said === next);
    }
  }
  const pictures = count * shapes.classes.length;
  expect(byShape / pictures).toBeGreaterThan(0.95);
  expect(byGround / pictures).toBeLessThan(0.02);
  model.dispose();
});
