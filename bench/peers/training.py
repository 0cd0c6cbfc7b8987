"""One training step, Adam included, in PyTorch, eager and compiled: `training.py CASE…` prints a JSON line a case.

Each case of training.bench.ts has its network here, written as people write it: torch.nn layers and
scaled_dot_product_attention. The best of 20 steps counts.
"""
import json
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from timing import best

torch.set_num_threads(2)


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = (part.view(n, t, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(z.transpose(1, 2).reshape(n, t, d))


class Block(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.ln1(x))
        return x + self.down(F.gelu(self.up(self.ln2(x)), approximate='tanh'))


class GPT(nn.Module):
    def __init__(self, layers, width, vocabulary, length, heads):
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*[Block(width, heads, True) for _ in range(layers)])
        self.ln, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.token.weight

    def forward(self, tokens):
        x = self.token(tokens) + self.position(torch.arange(tokens.shape[1]))
        return self.head(self.ln(self.blocks(x)))


class ViT(nn.Module):
    def __init__(self, side=32, patch=4, width=128, layers=4, heads=4, classes=10):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.position = nn.Parameter(0.02 * torch.randn(1, (side // patch) ** 2, width))
        self.blocks = nn.Sequential(*[Block(width, heads, False) for _ in range(layers)])
        self.ln, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.position
        return self.head(self.ln(self.blocks(x)).mean(1))


class Residual(nn.Module):
    """ResNet-20's block without batch normalization."""

    def __init__(self, inner, outer, stride):
        super().__init__()
        self.one, self.two = nn.Conv2d(inner, outer, 3, stride, 1), nn.Conv2d(outer, outer, 3, 1, 1)
        self.short = nn.Conv2d(inner, outer, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.short(x) + self.two(F.relu(self.one(x))))


def resnet20():
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    blocks = [Residual(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])]
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    )


def tokens(vocabulary, *shape):
    return torch.randint(vocabulary, shape)


def classes(scores, labels):
    return F.cross_entropy(scores.flatten(0, -2), labels.flatten())


def gpt(layers, width, vocabulary, batch, length, heads):
    return lambda: (
        GPT(layers, width, vocabulary, length, heads),
        tokens(vocabulary, batch, length),
        tokens(vocabulary, batch, length),
        classes,
    )


CASES = {
    'transcoder': lambda: (
        nn.Sequential(nn.Linear(256, 4096), nn.ReLU(), nn.Linear(4096, 256)),
        torch.randn(1024, 256),
        torch.randn(1024, 256),
        F.mse_loss,
    ),
    'gpt-l4-d256': gpt(4, 256, 1024, 16, 128, 4),
    'gpt-l4-d128': gpt(4, 128, 128, 32, 64, 4),
    'gpt-l2-d64': gpt(2, 64, 64, 8, 32, 4),
    'resnet20': lambda: (resnet20(), torch.randn(64, 3, 32, 32), tokens(10, 64), classes),
    'vit': lambda: (ViT(), torch.randn(32, 3, 32, 32), tokens(10, 32), classes),
}


def measure(case, compiled):
    torch.manual_seed(0)
    network, x, target, loss = CASES[case]()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    cost = lambda: loss(network(x), target)
    if compiled:
        cost = torch.compile(cost)

    def step():
        optimizer.zero_grad()
        value = cost()
        value.backward()
        optimizer.step()
        return value.item()

    return best(step)


if __name__ == '__main__':
    for name in sys.argv[1:]:
        print(json.dumps({'eager': measure(name, False), 'compiled': measure(name, True)}), flush=True)
