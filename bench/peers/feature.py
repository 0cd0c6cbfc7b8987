"""The ascent step of feature.bench.ts in PyTorch eager; prints the median milliseconds of a step."""
import math
import random
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Fire(nn.Module):
    def __init__(self, inner, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(inner, squeeze, 1)
        self.one = nn.Conv2d(squeeze, expand, 1)
        self.three = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.one(x)), F.relu(self.three(x))], 1)


torch.manual_seed(0)
network = nn.Sequential(
    nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2),
    Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2),
    Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2),
    Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
).eval()
for parameter in network.parameters():
    parameter.requires_grad_(False)

size = 224
fy = torch.fft.fftfreq(size)[:, None]
fx = torch.fft.rfftfreq(size)[None, :]
scale = 1 / 4 / torch.clamp(torch.sqrt(fy * fy + fx * fx), min=1 / size)
colour = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
colour = colour / colour.norm(dim=0).max()
mean = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None]
std = torch.tensor([0.229, 0.224, 0.225])[None, :, None, None]
parameters = (0.01 * torch.randn(1, 3, size, size // 2 + 1, 2)).requires_grad_()
optimizer = torch.optim.Adam([parameters], lr=0.05)


def step():
    optimizer.zero_grad()
    spectrum = torch.view_as_complex(parameters) * scale
    picture = torch.fft.irfft2(spectrum, s=(size, size), norm='ortho')
    picture = torch.sigmoid(torch.einsum('dc,nchw->ndhw', colour, picture))
    angle = math.radians(random.uniform(-10, 10))
    zoom = random.uniform(0.9, 1.1)
    c, s = math.cos(angle) / zoom, math.sin(angle) / zoom
    shift = [random.randint(-12, 12) * 2 / size for _ in range(2)]
    theta = torch.tensor([[[c, s, shift[0]], [-s, c, shift[1]]]])
    grid = F.affine_grid(theta, [1, 3, size, size], align_corners=False)
    seen = F.grid_sample(picture, grid, mode='bilinear', padding_mode='zeros', align_corners=False)
    score = network((seen - mean) / std)[:, 7].mean()
    (-score).backward()
    optimizer.step()
    return score.item()


for _ in range(5):
    step()
times = []
for _ in range(30):
    start = time.perf_counter()
    step()
    times.append((time.perf_counter() - start) * 1000)
print(statistics.median(times))
