/** Which pictures ascend in one graph, and which one after another. */
import { Trace } from '../../engine/trace.ts';
import type { ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import type { Objective } from '../../model/objective.ts';
import { preprocess } from './image/preprocess.ts';
import type { PictureDims } from './image/parameterization.ts';
import { batchVaries } from './input.ts';

/**
 * Pixels that ascend together. Small pictures share the cost of each operator's call: 16 of 48×48 take 0.36 of the time
 * that they take one by one. Large ones only push one another out of the processor's caches: at 224×224, two take 1.5
 * times and sixteen 1.9 times as long a picture as one.
 */
const MOST = 2 ** 16;

/** A network with a fixed batch takes its pictures one by one too; pictures that see one another stay together. */
export function groupsOf(
  model: Model,
  objectives: readonly Objective[],
  input: ImageInput,
  [, ...dims]: PictureDims,
): (readonly Objective[])[] {
  const many = batchVaries(model, input) ? Math.max(1, Math.floor(MOST / (dims[1] * dims[2]))) : 1;
  if (objectives.length <= many) return [objectives];
  if (batchVaries(model, input) && seeOneAnother(model, objectives, input, dims)) return [objectives];
  return Array.from({ length: Math.ceil(objectives.length / many) }, (_, i) =>
    objectives.slice(i * many, (i + 1) * many),
  );
}

/** Asked of the objectives themselves: whether one looks at what other pictures of its batch give. */
function seeOneAnother(
  model: Model,
  objectives: readonly Objective[],
  input: ImageInput,
  dims: readonly number[],
): boolean {
  const trace = new Trace();
  const read = model.trace({
    [input.input]: preprocess(trace.input('pictures', 'float32', [1, ...dims]), input),
  });
  let seen = false;
  const values = (site: string) => {
    seen = true;
    return [read.value(site), read.value(site)];
  };
  for (const objective of new Set(objectives))
    objective.build({
      describe: site => read.describe(site),
      value: site => read.value(site),
      examples: { index: 0, values },
    });
  return seen;
}
