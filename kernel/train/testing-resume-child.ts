/** What `resume.test.ts` kills: trains the network named by the first argument into the folder named by the second. */
import { fit } from './fit.ts';
import { recipes } from './testing-resume.ts';

const [, , name, checkpoint] = process.argv;
const { net, data, options } = recipes[name]();
await fit(net, data, {
  ...options,
  checkpoint,
  onStep: ({ step }) => void process.stdout.write(`${step}\n`),
});
