#!/usr/bin/env python3
"""Write networks of several inputs and outputs as PyTorch exports them, with samples and PyTorch's outputs.

    python3 testdata/gen/input_fixtures.py [OUTPUT_DIR [WIDTH [SAMPLES]]]     # testdata/inputs 8 8

NAME.onnx has random weights. NAME.npz holds samples, an array for each input whose first axis counts them, and
NAME_torch.npz their outputs; NAME_one.npz and NAME_one_torch.npz are one sample, shorter, without that axis.
user.npy and item.npy are the first two samples of the two towers, an input each.
"""

import os
import sys
import warnings

import numpy as np
import torch
import torch.nn as nn

from short_names import shorten

warnings.filterwarnings('ignore')
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, '..', 'inputs')
WIDTH = int(sys.argv[2]) if len(sys.argv) > 2 else 8
SAMPLES = int(sys.argv[3]) if len(sys.argv) > 3 else 8
HEADS = max(2, WIDTH // 16)
LONGEST, WORDS = 10, 20


class Recurrent(nn.Module):
    """torch's LSTM with the states that it begins with, as it is exported by itself."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, WIDTH, 2, batch_first=True)

    def forward(self, x, h0, c0):
        y, (h, c) = self.lstm(x, (h0, c0))
        return y, h, c


class Sequence(nn.Module):
    """torch's Transformer, sequence first, with the additive mask of nn.Transformer.generate_square_subsequent_mask."""

    def __init__(self):
        super().__init__()
        self.net = nn.Transformer(WIDTH, HEADS, 1, 1, 2 * WIDTH)

    def forward(self, src, tgt, tgt_mask):
        return self.net(src, tgt, tgt_mask=tgt_mask)


class Texts(nn.Module):
    """BERT's three inputs: embeddings, a mask of integers that becomes an additive one, an encoder and a head."""

    def __init__(self):
        super().__init__()
        self.words, self.types, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(2, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.pool, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 3)

    def heads(self, x):
        return x.view(x.size(0), x.size(1), HEADS, WIDTH // HEADS).permute(0, 2, 1, 3)

    def forward(self, input_ids, attention_mask, token_type_ids):
        n = input_ids.size(1)
        x = self.norm(self.words(input_ids) + self.types(token_type_ids) + self.places(torch.arange(n))[None])
        mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -10000.0
        s = self.heads(self.q(x)) @ self.heads(self.k(x)).transpose(-1, -2) / (WIDTH // HEADS) ** 0.5 + mask
        y = (torch.softmax(s, -1) @ self.heads(self.v(x))).permute(0, 2, 1, 3).reshape(x.size(0), n, WIDTH)
        x = self.norm1(x + self.o(y))
        x = self.norm2(x + self.narrow(nn.functional.gelu(self.wide(x))))
        return x, self.head(torch.tanh(self.pool(x[:, 0])))


class Towers(nn.Module):
    """Two towers and the cosine of what they give."""

    def __init__(self):
        super().__init__()
        self.user = nn.Sequential(nn.Linear(6, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH))
        self.item = nn.Sequential(nn.Linear(3, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, user, item):
        a, b = self.user(user), self.item(item)
        return (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))


def mask(n):
    return torch.triu(torch.full((n, n), float('-inf')), 1)


def text(n):
    """A text that fills all but its last places, in two parts."""
    used = int(torch.randint(n // 2, n + 1, ()))
    ids = torch.randint(1, WORDS, (1, n))
    there = (torch.arange(n) < used).long()[None]
    return ids * there, there, (torch.arange(n) >= used // 2).long()[None] * there


def write(name, model, outputs, axes, sample, lengths, short):
    """sample(*lengths) makes a sample: a dictionary of inputs."""
    model.eval()
    first = sample(*lengths)
    path = os.path.join(OUT, name + '.onnx')
    torch.onnx.export(model, tuple(first.values()), path, opset_version=14, input_names=list(first),
                      output_names=outputs, dynamic_axes=axes)
    shorten(path)

    def run(x):
        with torch.no_grad():
            y = model(*x.values())
        return dict(zip(outputs, y if isinstance(y, tuple) else (y,)))

    def save(suffix, arrays):
        np.savez(os.path.join(OUT, name + suffix + '.npz'), **arrays)

    samples = [sample(*lengths) for _ in range(SAMPLES)]
    answers = [run(s) for s in samples]
    save('', {k: np.stack([s[k].numpy() for s in samples]) for k in first})
    save('_torch', {k: np.stack([a[k].numpy() for a in answers]) for k in outputs})
    one = sample(*short)
    save('_one', {k: np.ascontiguousarray(v.numpy()) for k, v in one.items()})
    save('_one_torch', {k: v.numpy() for k, v in run(one).items()})


def main():
    torch.manual_seed(11)
    os.makedirs(OUT, exist_ok=True)
    state = lambda: torch.randn(2, 1, WIDTH) * 0.5
    write('lstm', Recurrent(), ['y', 'hn', 'cn'], {'x': {1: 'time'}, 'y': {1: 'time'}},
          lambda n: {'x': torch.randn(1, n, 4), 'h0': state(), 'c0': state()}, (LONGEST,), (4,))
    write('decoder', nn.TransformerDecoder(nn.TransformerDecoderLayer(WIDTH, HEADS, 2 * WIDTH, batch_first=True), 1), ['y'],
          {'tgt': {1: 'tgt_len'}, 'memory': {1: 'src_len'}},
          lambda t, s: {'tgt': torch.randn(1, t, WIDTH), 'memory': torch.randn(1, s, WIDTH)}, (LONGEST, 6), (3, 5))
    write('transformer', Sequence(), ['y'], {'src': {0: 'src_len'}, 'tgt': {0: 'tgt_len'}, 'tgt_mask': {0: 'tgt_len', 1: 'tgt_len'}},
          lambda s, t: {'src': torch.randn(s, 1, WIDTH), 'tgt': torch.randn(t, 1, WIDTH), 'tgt_mask': mask(t)}, (LONGEST, 7), (5, 4))
    write('bert', Texts(), ['hidden', 'logits'], {k: {1: 'seq'} for k in ('input_ids', 'attention_mask', 'token_type_ids')},
          lambda n: dict(zip(('input_ids', 'attention_mask', 'token_type_ids'), text(n))), (LONGEST,), (6,))
    write('towers', Towers(), ['score'], {'user': {0: 'batch'}, 'item': {0: 'batch'}},
          lambda: {'user': torch.randn(1, 6), 'item': torch.randn(1, 3)}, (), ())
    towers = np.load(os.path.join(OUT, 'towers.npz'))
    for name in towers.files:
        np.save(os.path.join(OUT, name + '.npy'), towers[name][:2, 0])


if __name__ == '__main__':
    main()
