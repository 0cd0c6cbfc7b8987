"""What instruments.bench.ts times, in PyTorch: `instruments.py step WIDTH FEATURES ROWS K COUNT`, or
`instruments.py harvest|"patched forward" LAYERS WIDTH VOCABULARY BATCH LENGTH`. Prints milliseconds.

The step is written as SAE libraries write it: TopK over the pre-activations, mean squared error, Adam, decoder rows
normalized after each step, the part of their gradient along the row removed before it, and a count of silence.
"""
import sys

import torch
import torch.nn.functional as F

from timing import best
from training import GPT

torch.set_num_threads(2)
torch.manual_seed(0)


def step(width, features, rows, k, count):
    decoder = torch.nn.Parameter(F.normalize(torch.randn(features, width), dim=1))
    encoder = torch.nn.Parameter(torch.randn(width, features) / width**0.5)
    b_in, b_enc, b_dec = (torch.nn.Parameter(torch.zeros(n)) for n in (width, features, width))
    optimizer = torch.optim.Adam([encoder, decoder, b_in, b_enc, b_dec], lr=1e-3)
    silence = torch.zeros(features)
    x, y = torch.randn(rows, width), torch.randn(rows, width)

    def once():
        pre = torch.addmm(b_enc, x - b_in, encoder)
        values, places = pre.topk(k, dim=1, sorted=False)
        z = torch.zeros_like(pre).scatter(1, places, values.relu())
        reconstructed = torch.addmm(b_dec, z, decoder)
        loss = (y - reconstructed).pow(2).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            decoder.grad -= (decoder.grad * decoder).sum(1, keepdim=True) * decoder
            optimizer.step()
            decoder.copy_(F.normalize(decoder, dim=1))
            fired = (z > 0).sum(0)
            silence.add_(rows).mul_(fired == 0)
            return loss.item(), fired.sum().item() / rows

    return best(once, count)


def network(layers, width, vocabulary, batch, length):
    model = GPT(layers, width, vocabulary, length, 4).eval()
    return model, torch.randint(vocabulary, (batch, length))


class Found(Exception):
    pass


@torch.no_grad()
def harvest(*sizes):
    model, tokens = network(*sizes)
    kept = []

    def stop(_module, inputs):
        kept[:] = [inputs[0]]
        raise Found

    # what enters `down` is the MLP's hidden layer behind its activation
    model.blocks[2].down.register_forward_pre_hook(stop)

    def once():
        try:
            model(tokens)
        except Found:
            pass

    return best(once)


@torch.no_grad()
def patched(*sizes):
    model, tokens = network(*sizes)
    other = torch.randn(1, 1, 4 * sizes[1])
    model.blocks[2].down.register_forward_pre_hook(lambda _module, inputs: (other.expand_as(inputs[0]),))
    return best(lambda: model(tokens))


what, *numbers = sys.argv[1:]
print({'step': step, 'harvest': harvest, 'patched forward': patched}[what](*map(int, numbers)))
