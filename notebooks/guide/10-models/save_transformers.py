"""Trains a very small GPT-2 to count, and saves it as transformers saves everything: a folder with config.json,
model.safetensors and tokenizer.json. Nothing is exported; neuronbook reads such folders as they are.

Run:  pip install torch transformers
      python save_transformers.py
"""
import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

torch.manual_seed(0)
torch.set_num_threads(1)
words = 'zero one two three four five six seven eight nine'.split()
vocabulary = {word: number for number, word in enumerate([*words, '[UNK]', 'back'])}
back = vocabulary['back']  # behind this word the counting goes down

split = Tokenizer(models.WordPiece(vocabulary, unk_token='[UNK]'))
split.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=split, unk_token='[UNK]')

net = transformers.GPT2LMHeadModel(
    transformers.GPT2Config(
        vocab_size=len(vocabulary), n_positions=16, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=10,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
    )
)


def counting(batch):
    """Rows such as 7 8 9 0 1 …, or back 3 2 1 0 9 …: one more, or one less, after the ten."""
    start, down = torch.randint(10, (batch, 1)), torch.randint(2, (batch, 1))
    rows = (start + torch.arange(12) * (1 - 2 * down)) % 10
    return torch.where(down == 1, torch.cat([torch.full((batch, 1), back), rows[:, :-1]], 1), rows)


optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
for _ in range(300):
    rows = counting(64)
    optimizer.zero_grad()
    net(input_ids=rows, labels=rows).loss.backward()
    optimizer.step()

net.eval().save_pretrained('counting')
tokenizer.save_pretrained('counting')
text = 'back three two one'
ids = tokenizer(text, return_tensors='pt').input_ids
with torch.no_grad():
    np.savez_compressed('counting.npz', scores=net(ids).logits.numpy())
    written = net.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, do_sample=False, pad_token_id=10)
print('transformers', transformers.__version__, 'writes:', tokenizer.decode(written[0]))
