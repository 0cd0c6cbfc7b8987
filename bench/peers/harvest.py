"""A 6-layer GPT in TransformerLens: the forward pass, and `run_with_cache` for one name. Prints a JSON line."""
import json

import torch
from transformer_lens import HookedTransformer, HookedTransformerConfig

from timing import best

torch.set_num_threads(2)
torch.manual_seed(0)
model = HookedTransformer(
    HookedTransformerConfig(
        n_layers=6,
        d_model=512,
        n_ctx=128,
        d_head=64,
        n_heads=8,
        d_mlp=2048,
        d_vocab=4096,
        act_fn='gelu_new',
        normalization_type='LN',
        device='cpu',
    )
)
tokens = torch.randint(4096, (16, 128))
site = 'blocks.5.mlp.hook_post'
with torch.no_grad():
    print(
        json.dumps(
            {
                'forward': best(lambda: model(tokens), 20, 2),
                'harvest': best(
                    lambda: model.run_with_cache(tokens, names_filter=site, stop_at_layer=6), 20, 2
                ),
            }
        )
    )
