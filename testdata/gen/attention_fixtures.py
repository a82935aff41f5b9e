"""Writes small transformers as PyTorch exports them, with inputs of several sizes and PyTorch's outputs.

    /usr/bin/python3 testdata/gen/attention_fixtures.py testdata/onnx/attention
"""
import sys, warnings
import numpy as np, torch, torch.nn as nn

from short_names import shorten

warnings.filterwarnings('ignore')


class Encoder(nn.Module):
    """Post-norm, GELU, causal and padding masks, learned positions."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(16, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, 0.1, 'gelu', batch_first=True)
        self.layers, self.out = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False), nn.Linear(8, 3)

    def forward(self, x):
        n = x.shape[1]
        mask = torch.triu(torch.ones(n, n, dtype=torch.bool), 1)
        y = self.words(x) + self.places(torch.arange(n))
        return self.out(self.layers(y, mask=mask, src_key_padding_mask=x == 0))


class Decoder(nn.Module):
    """Pre-norm, ReLU, additive causal mask, cross attention."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 8)
        layer = nn.TransformerDecoderLayer(8, 2, 12, 0.1, batch_first=True, norm_first=True)
        self.layers, self.out = nn.TransformerDecoder(layer, 1), nn.Linear(8, 20)

    def forward(self, x, memory):
        mask = torch.triu(torch.full((x.shape[1], x.shape[1]), float('-inf')), 1)
        return self.out(self.layers(self.words(x), memory, tgt_mask=mask))


def write(folder, name, model, names, axes, make, opset):
    model.eval()
    torch.onnx.export(model, make(2, 6), f'{folder}/{name}.onnx', opset_version=opset, input_names=names, output_names=['y'], dynamic_axes=axes)
    shorten(f'{folder}/{name}.onnx')
    for i, (batch, n) in enumerate([(2, 6), (3, 9), (1, 4)]):
        args = make(batch, n)
        with torch.no_grad():
            y = model(*args)
        for k, a in enumerate(args):
            np.save(f'{folder}/{name}.{i}.in{k}.npy', a.numpy() if a.dtype == torch.float32 else a.numpy().astype(np.float32))
        np.save(f'{folder}/{name}.{i}.out.npy', y.numpy())


def tokens(batch, n):
    t = torch.randint(1, 20, (batch, n))
    t[:, -1] = 0
    return t


torch.manual_seed(3)
folder = sys.argv[1]
write(folder, 'encoder', Encoder(), ['x'], {'x': {0: 'batch', 1: 'seq'}}, lambda b, n: (tokens(b, n),), 14)
write(folder, 'decoder', Decoder(), ['x', 'memory'], {'x': {0: 'batch', 1: 'seq'}, 'memory': {0: 'batch', 1: 'memory'}},
      lambda b, n: (torch.randint(0, 20, (b, n)), torch.randn(b, n + 1, 8)), 17)
