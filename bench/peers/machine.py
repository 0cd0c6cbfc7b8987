"""What the machine can do through PyTorch: `machine.py PART` prints the milliseconds of one of machine.bench.ts's."""
import sys

import torch
import torch.nn.functional as F

from timing import best

torch.set_num_threads(2)
torch.manual_seed(0)


def product():
    x, w = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return lambda: x @ w, 1


def convolution():
    x, w = torch.randn(8, 64, 56, 56), torch.randn(64, 64, 3, 3)
    return lambda: F.conv2d(x, w, padding=1), 1


def memory(passes=8):
    # near 1, so that a product of many is a number still
    x, y = 1 + 1e-3 * torch.randn(2**22), torch.ones(2**22)

    def work():
        for _ in range(passes):
            y.mul_(x)

    return work, passes


PARTS = {'matmul': product, 'convolution': convolution, 'elementwise': memory}
with torch.no_grad():
    work, times = PARTS[sys.argv[1].split()[0]]()
    print(best(work) / times)
