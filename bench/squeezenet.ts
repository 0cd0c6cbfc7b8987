/**
 * A network of SqueezeNet's layout at 224 pixels, with weights drawn at random: what a step costs does not depend on them.
 * @see https://arxiv.org/abs/1602.07360 (version 1.1)
 */
import { Model, nn } from 'neuronbook';

const fire = (name: string, squeeze: number, expand: number) =>
  nn.sequential(
    nn.conv(`${name}.squeeze`, { channels: squeeze, kernel: 1 }),
    nn.relu(`${name}.squeeze.relu`),
    nn.parallel(
      name,
      nn.sequential(nn.conv(`${name}.one`, { channels: expand, kernel: 1 }), nn.relu(`${name}.one.relu`)),
      nn.sequential(nn.conv(`${name}.three`, { channels: expand, kernel: 3 }), nn.relu(`${name}.three.relu`)),
    ),
  );

const graph = nn.network(
  nn.sequential(
    nn.conv('conv1', { channels: 64, stride: 2, pad: 0 }),
    nn.relu('relu1'),
    nn.maxPool('pool1', { size: 3, stride: 2 }),
    fire('fire2', 16, 64),
    fire('fire3', 16, 64),
    nn.maxPool('pool3', { size: 3, stride: 2 }),
    fire('fire4', 32, 128),
    fire('fire5', 32, 128),
    nn.maxPool('pool5', { size: 3, stride: 2 }),
    fire('fire6', 48, 192),
    fire('fire7', 48, 192),
    fire('fire8', 64, 256),
    fire('fire9', 64, 256),
  ),
  {
    inputs: { image: ['batch', 3, 224, 224] },
    image: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
);

export const squeezenet = (): Model => new Model('squeezenet', graph);
