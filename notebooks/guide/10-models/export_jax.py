"""Trains a small digit reader in JAX (Flax) and exports it with jax2onnx.

Run:  pip install jax flax optax jax2onnx scikit-learn
      python export_jax.py
"""
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import optax
from describe import describe
from digits import accuracy, held, held_label, labels, mean, normalised, remember, std, train, train_label
from flax import nnx
from jax2onnx import to_onnx


class Digits(nnx.Module):
    """8×8 pixels in, ten scores out."""

    def __init__(self, rngs):
        self.conv1 = nnx.Conv(1, 8, (3, 3), rngs=rngs)
        self.conv2 = nnx.Conv(8, 16, (3, 3), rngs=rngs)
        self.scores = nnx.Linear(4 * 4 * 16, 10, rngs=rngs)

    def __call__(self, image):
        # jax2onnx wants the window by name
        x = nnx.max_pool(nnx.relu(self.conv1(image)), window_shape=(2, 2), strides=(2, 2))
        x = nnx.relu(self.conv2(x))
        return self.scores(x.reshape(x.shape[0], -1))


@nnx.jit
def step(net, optimizer, x, label):
    def loss(net):
        return optax.softmax_cross_entropy_with_integer_labels(net(x), label).mean()

    optimizer.update(net, nnx.grad(loss)(net))


net = Digits(nnx.Rngs(0))
optimizer = nnx.Optimizer(net, optax.adam(3e-3), wrt=nnx.Param)
x, draw = normalised(train)[..., None], np.random.default_rng(0)
for _ in range(20):
    for rows in np.array_split(draw.permutation(len(x))[:1280], 20):
        step(net, optimizer, x[rows], train_label[rows])

to_onnx(
    net,
    [('batch', 8, 8, 1)],
    opset=21,
    inputs_as_nchw=[0],  # batch, channels, height, width: what neuronbook draws
    input_names=['image'],
    output_names=['scores'],
    return_mode='file',
    output_path='jax.onnx',
)
describe(  # JAX keeps no names of layers; these tensors were read off the table of sites
    'jax.onnx',
    sites={'conv1': 'Conv_0', 'relu1': 'relu_out_0', 'conv2': 'Conv_1', 'relu2': 'relu_out_1', 'scores': 'scores'},
    image={'input': 'image', 'mean': [mean], 'std': [std], 'labels': labels},
)

x = jnp.asarray(normalised(held[:200])[..., None])
scores = net(x)
slope = jax.grad(lambda image: net(image)[0, held_label[0]])(x[:1])
remember('jax.npz', scores, np.moveaxis(np.asarray(slope), 3, 1))
print('JAX', version('jax'), 'jax2onnx', version('jax2onnx'), 'held out:', accuracy(scores))
