"""Makes the files in which something is wrong, for the second half of the notebook.

Run:  pip install torch onnx onnxscript scikit-learn skl2onnx
      python export_traps.py
"""
import os

import onnx
import torch
from describe import describe
from digits import train, train_label
from export_pytorch import trained
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

net = trained()
example = torch.zeros(1, 1, 8, 8)

# every default of today's exporter: weights beside the file, one picture at a time, BatchNorm folded away
torch.onnx.export(net, (example,), 'trap-alone.onnx')
torch.onnx.export(net, (example,), 'trap-defaults.onnx', external_data=False)
os.remove('trap-alone.onnx.data')  # what happens when only the .onnx is copied

# half precision
torch.onnx.export(net.half(), (example.half(),), 'trap-half.onnx', external_data=False)
for name in ['alone', 'defaults', 'half']:
    describe(f'trap-{name}.onnx')


# an operation that the exporter writes down as an operator of one's own
class Swirl(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.sin() * x

    @staticmethod
    def symbolic(g, x):
        return g.op('my.lab::Swirl', x)


class Swirling(nn.Module):
    def forward(self, image):
        return Swirl.apply(image.flatten(1))


torch.onnx.export(Swirling(), (example,), 'trap-custom.onnx', dynamo=False, input_names=['image'])

# a file of 2017
tensors = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4]) for name in 'xy']
graph = onnx.helper.make_graph([onnx.helper.make_node('Relu', ['x'], ['y'])], 'old', tensors[:1], tensors[1:])
onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 6)]), 'trap-opset.onnx')

# every default of skl2onnx: dictionaries instead of numbers, or operators of its own instead of arithmetic
flat = train.reshape(-1, 64)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(flat, train_label)
for name, options in {'zipmap': None, 'scaler': {'zipmap': False}}.items():
    with open(f'trap-{name}.onnx', 'wb') as file:
        file.write(to_onnx(model, flat[:1], options=options, target_opset=18).SerializeToString())
