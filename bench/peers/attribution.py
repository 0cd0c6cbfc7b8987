"""The integrated gradients of attribution.bench.ts in Captum; prints the shortest milliseconds of a call."""
import torch
import torch.nn as nn
from captum.attr import IntegratedGradients

from timing import best

layers, inner = [], 3
for i, width in enumerate((32, 32, 64, 64, 128, 128)):
    layers += [nn.Conv2d(inner, width, 3, padding=1), nn.ReLU()] + ([nn.AvgPool2d(2)] if i % 2 else [])
    inner = width
torch.manual_seed(0)
network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inner, 10)).eval()
for parameter in network.parameters():
    parameter.requires_grad_(False)
method = IntegratedGradients(network)
image = torch.randn(1, 3, 48, 48)
print(best(lambda: method.attribute(image, target=3, n_steps=50, return_convergence_delta=True), count=7, warm=2))
