/**
 * One training step, Adam included, against PyTorch eager and compiled: transcoder, GPTs of three sizes, a ResNet-20 and
 * a ViT. Ours and the peer's take turns; the best of 20 steps each counts. Beside each, the share of the machine's
 * matrix-product rate that our step reaches.
 */
import { performance } from 'node:perf_hooks';
import { adam, crossEntropy, fit, mse, nn, type Tensor } from 'neuronbook';
import { floats, integers, ofMatmulRate, peer, report } from './compare.js';

type Graph = ReturnType<typeof nn.network>;
interface Case {
  graph: Graph;
  batch: Record<string, Tensor>;
  loss: Parameters<typeof fit>[2]['loss'];
  /** Multiply-adds of the forward pass in matrix products and convolutions. */
  multiplyAdds: number;
}

/** Multiply-adds of a stack of transformer blocks on rows = batch × length. */
const blocks = (layers: number, width: number, batch: number, length: number): number =>
  layers * batch * length * (12 * width * width + 2 * length * width);

function gpt(layers: number, width: number, vocabulary: number, batch: number, length: number): Case {
  return {
    graph: nn.gpt2({ layers, width, heads: 4, vocabulary, context: length }),
    batch: { tokens: integers(vocabulary, batch, length), label: integers(vocabulary, batch, length) },
    loss: crossEntropy(),
    multiplyAdds: blocks(layers, width, batch, length) + batch * length * width * vocabulary,
  };
}

/** ResNet-20's shape without batch normalization, as the peer has it. */
function resnet20(): Case {
  const widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64];
  let multiplyAdds = 32 * 32 * 9 * 3 * 16;
  let side = 32;
  const block = (i: number) => {
    const [inner, channels] = [widths[i], widths[i + 1]];
    const stride = inner === channels ? 1 : 2;
    side /= stride;
    multiplyAdds += side * side * channels * (9 * inner + 9 * channels + (stride > 1 ? inner : 0));
    const name = `block${i}`;
    const body = nn.sequential(
      nn.conv(`${name}.one`, { channels, stride }),
      nn.relu(`${name}.one.relu`),
      nn.conv(`${name}.two`, { channels }),
    );
    const short = nn.conv(`${name}.short`, { channels, stride, kernel: 1 });
    const sum: nn.Layer = (x, scope) =>
      scope.site(`${name}.sum`, 'Add', [stride > 1 ? short(x, scope) : x, body(x, scope)]);
    return nn.sequential(sum, nn.relu(`${name}.relu`));
  };
  const layers = [
    nn.conv('conv', { channels: 16 }),
    nn.relu('relu'),
    ...widths.slice(1).map((_, i) => block(i)),
    nn.globalAveragePool('pool'),
    nn.flatten('flat'),
    nn.linear('logits', { features: 10 }),
  ];
  const graph = nn.network(nn.sequential(...layers), { inputs: { image: ['batch', 3, 32, 32] } });
  return {
    graph,
    batch: { image: floats(64, 3, 32, 32), label: integers(10, 64) },
    loss: crossEntropy(),
    multiplyAdds: 64 * (multiplyAdds + 640),
  };
}

function vit(): Case {
  const graph = nn.vit({
    size: 32,
    patch: 4,
    width: 128,
    layers: 4,
    heads: 4,
    classes: 10,
    pool: 'mean',
    activation: 'geluTanh',
  });
  return {
    graph,
    batch: { image: floats(32, 3, 32, 32), label: integers(10, 32) },
    loss: crossEntropy(),
    multiplyAdds: blocks(4, 128, 32, 64) + 32 * (64 * 48 * 128 + 1280),
  };
}

function transcoder(): Case {
  const graph = nn.network(
    nn.sequential(
      nn.linear('features', { features: 4096 }),
      nn.relu('acts'),
      nn.linear('output', { features: 256 }),
    ),
    { inputs: { x: ['batch', 256] } },
  );
  return {
    graph,
    batch: { x: floats(1024, 256), target: floats(1024, 256) },
    loss: mse(),
    multiplyAdds: 2 * 1024 * 256 * 4096,
  };
}

const cases: Record<string, () => Case> = {
  transcoder,
  'gpt-l4-d256': () => gpt(4, 256, 1024, 16, 128),
  'gpt-l4-d128': () => gpt(4, 128, 128, 32, 64),
  'gpt-l2-d64': () => gpt(2, 64, 64, 8, 32),
  resnet20,
  vit,
};

async function step({ graph, batch, loss }: Case): Promise<number> {
  const [warm, count] = [4, 20];
  const times: number[] = [];
  let last = performance.now();
  await fit(graph, () => batch, {
    loss,
    optimizer: adam({ lr: 1e-3 }),
    steps: warm + count,
    live: false,
    onStep() {
      times.push(performance.now() - last);
      last = performance.now();
    },
  });
  return Math.min(...times.slice(warm));
}

const chosen = process.env.NEURONBOOK_BENCH_CASES?.split(',') ?? Object.keys(cases);
for (const name of chosen) {
  const made = cases[name]();
  const before = await step(made);
  const { eager, compiled } = JSON.parse(peer('training', name)) as { eager: number; compiled: number };
  const ours = Math.min(before, await step(made));
  // a step is three passes: forward, and gradients of weights and of inputs
  const share = await ofMatmulRate(3 * made.multiplyAdds, ours);
  report(`training ${name}`, ours, 'PyTorch eager, the same step', eager, share);
  report(`training ${name}`, ours, 'PyTorch compiled, the same step', compiled, share);
}
