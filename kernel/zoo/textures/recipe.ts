/**
 * How `zoo:textures` came about: a convolutional network of five layers on the seeded pictures of `textures`.
 * Plain on purpose, so that its features are easy to look at: no BatchNorm, average pools (no checkerboards in
 * the gradient), and as much weight decay as the accuracy bears, which keeps the kernels smooth.
 */
import { adamW, crossEntropy, fit, nn, rng, schedule, textures, type Model, type Run } from '../../index.ts';

export const seed = 'textures 1';
export const steps = 4000;
export const batch = 32;

/** image 3×48×48 → conv1 16×48×48 → conv2 32×24×24 → conv3 64×12×12 → conv4 96×6×6 → conv5 128×6×6 → 14 logits. */
export const network = () =>
  nn.network(
    nn.sequential(
      nn.normalize('center', { mean: 0.5, std: 0.25 }),
      nn.conv('conv1', { channels: 16, kernel: 5 }),
      nn.relu('relu1'),
      nn.averagePool('pool1'),
      nn.conv('conv2', { channels: 32 }),
      nn.relu('relu2'),
      nn.averagePool('pool2'),
      nn.conv('conv3', { channels: 64 }),
      nn.relu('relu3'),
      nn.averagePool('pool3'),
      nn.conv('conv4', { channels: 96 }),
      nn.relu('relu4'),
      nn.conv('conv5', { channels: 128 }),
      nn.relu('relu5'),
      nn.globalAveragePool('pool5'),
      nn.flatten('features'),
      nn.linear('logits', { features: textures.classes.length }),
    ),
    {
      name: 'textures',
      inputs: { image: ['batch', 3, textures.size, textures.size] },
      seed,
      image: { labels: textures.classes },
      metadata: {
        'neuronbook.model': 'zoo:textures',
        licence: 'MIT',
        description:
          'Classifies 48×48 pictures of fourteen textures and objects; the class melon has two faces.',
      },
    },
  );

/**
 * Trains it, or its first steps.
 * @param until steps to take; the schedule is that of the whole run
 */
export function train({
  until = steps,
  live = false,
  report = (_step: number, _loss: number) => {},
} = {}): Promise<Run> {
  const into = textures.batch(rng(0), batch);
  return fit(network(), (_step, stream) => ({ ...textures.batch(stream, batch, { into }) }), {
    loss: crossEntropy(),
    optimizer: adamW({ lr: 2e-3, decay: 0.2 }),
    schedule: schedule.cosine({ warmup: 50 }),
    steps,
    seed,
    live,
    onStep({ step, loss }) {
      report(step, loss);
      return step < until;
    },
  });
}

export interface Score {
  accuracy: number;
  pictures: number;
  /** By class, and for the two-faced class by appearance. */
  classes: Record<string, number>;
}

/** Accuracy on pictures that training never saw. `shuffle` scores against labels in another order: the control. */
export async function score(
  model: Model,
  drawn: string,
  { pictures = 2520, shuffle = false } = {},
): Promise<Score> {
  const stream = rng(drawn);
  const [right, seen] = [new Map<string, number>(), new Map<string, number>()];
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  for (let done = 0; done < pictures; done += 140) {
    const { image, label, facet } = textures.batch(stream, 140);
    const { outputs } = await model.run({ image });
    const logits = outputs.logits.toArray() as number[][];
    const labels = label.toNumbers();
    const wanted = shuffle ? stream.permutation(140).map(i => labels[i]) : labels;
    const facets = facet.toNumbers();
    logits.forEach((row, i) => {
      const name = textures.classes[labels[i]];
      const faces = textures.facets[name];
      const keys = ['all', name, ...(faces.length > 1 ? [`${name} (${faces[facets[i]]})`] : [])];
      const hit = row.indexOf(Math.max(...row)) === wanted[i];
      for (const key of keys) {
        count(seen, key);
        if (hit) count(right, key);
      }
    });
  }
  const share = (key: string) => Number(((right.get(key) ?? 0) / seen.get(key)!).toFixed(4));
  const names = textures.classes.flatMap(name => [
    name,
    ...(textures.facets[name].length > 1 ? textures.facets[name].map(face => `${name} (${face})`) : []),
  ]);
  return {
    accuracy: share('all'),
    pictures,
    classes: Object.fromEntries(names.map(name => [name, share(name)])),
  };
}
