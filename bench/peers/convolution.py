"""A 3×3 convolution in PyTorch, eager and compiled: `convolution.py PART` prints a JSON line."""
import json
import sys

import torch
import torch.nn.functional as F

from timing import best

torch.set_num_threads(2)
torch.manual_seed(0)
x, dy, w = torch.randn(8, 64, 56, 56), torch.randn(8, 64, 56, 56), torch.randn(64, 64, 3, 3)


def forward():
    return F.conv2d(x, w, padding=1)


def gradient(inputs, weights):
    wanted = [inputs, weights, False]
    return torch.ops.aten.convolution_backward(
        dy, x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, wanted
    )


PARTS = {
    'forward': forward,
    'input gradient': lambda: gradient(True, False),
    'weight gradient': lambda: gradient(False, True),
}
part = PARTS[sys.argv[1]]
with torch.no_grad():
    print(json.dumps({'eager': best(part), 'compiled': best(torch.compile(part))}))
