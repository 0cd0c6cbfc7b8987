"""Trains a small digit reader in TensorFlow and exports it with tf2onnx.

Run:  pip install tensorflow tf2onnx scikit-learn
      python export_tensorflow.py
"""
import numpy as np
import tensorflow as tf
import tf2onnx
from describe import describe, layer_sites
from digits import accuracy, held, held_label, labels, mean, normalised, remember, std, train, train_label
from tensorflow import keras

keras.utils.set_random_seed(0)
net = keras.Sequential(
    [
        keras.Input((8, 8, 1), name='image'),
        keras.layers.Conv2D(8, 3, padding='same', name='conv1'),
        keras.layers.ReLU(name='relu1'),
        keras.layers.MaxPooling2D(name='pool'),
        keras.layers.Conv2D(16, 3, padding='same', name='conv2'),
        keras.layers.ReLU(name='relu2'),
        keras.layers.Flatten(name='flat'),
        keras.layers.Dense(10, name='scores'),
    ]
)
net.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
net.fit(normalised(train)[..., None], train_label, batch_size=64, epochs=20, verbose=0)


@tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 1), tf.float32, name='image')])
def scores(image):
    return {'scores': net(image, training=False)}


tf2onnx.convert.from_function(
    scores,
    input_signature=scores.input_signature,
    opset=18,
    inputs_as_nchw=['image'],  # batch, channels, height, width: what neuronbook draws
    output_path='tensorflow.onnx',
)
describe(
    'tensorflow.onnx',
    sites=layer_sites('tensorflow.onnx', [layer.name for layer in net.layers]),
    image={'input': 'image', 'mean': [mean], 'std': [std], 'labels': labels},
)

x = tf.convert_to_tensor(normalised(held[:200])[..., None])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = net(x, training=False)
    score = y[0, int(held_label[0])]
slope = tape.gradient(score, x)[:1]
remember('tensorflow.npz', y, np.moveaxis(slope, 3, 1))
print('TensorFlow', tf.__version__, 'tf2onnx', tf2onnx.__version__, 'held out:', accuracy(y))
