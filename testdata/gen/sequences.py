"""The networks of testdata that read sequences: definition and ONNX export.

Lstm and Gru read [batch,time,features] and answer from the last step. Classifier
is torch's own TransformerEncoder over embedded tokens, EncoderDecoder its
Transformer. Token 0 is padding: the networks make their masks from it.
"""

import inspect
import math
import os
import warnings

import numpy as np
import onnx
import torch
import torch.nn as nn
from onnx import helper, numpy_helper

PAD = 0


class Lstm(nn.Module):
    def __init__(self, features, hidden, layers, classes):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True, dropout=0.2 if layers > 1 else 0)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class Gru(nn.Module):
    def __init__(self, features, hidden, layers, classes):
        super().__init__()
        self.gru = nn.GRU(features, hidden, layers, batch_first=True, dropout=0.2 if layers > 1 else 0)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.head(self.gru(x)[0][:, -1])


class Positions(nn.Module):
    """Sines and cosines of Vaswani et al. 2017, added to scaled embeddings."""

    def __init__(self, dim, longest):
        super().__init__()
        at = torch.arange(longest)[:, None] * torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
        table = torch.zeros(1, longest, dim)
        table[0, :, 0::2], table[0, :, 1::2] = torch.sin(at), torch.cos(at)
        self.register_buffer("table", table)
        self.scale = math.sqrt(dim)

    def forward(self, x):
        return x * self.scale + self.table[:, :x.size(1)]


class Classifier(nn.Module):
    """Tokens, int64 [batch,seq] -> logits; GELU, normalisation before each block, mean over what is not padding."""

    def __init__(self, words, longest, classes, dim=48, heads=4, layers=2, wide=96):
        super().__init__()
        self.embed = nn.Embedding(words, dim, padding_idx=PAD)
        self.positions = Positions(dim, longest)
        layer = nn.TransformerEncoderLayer(dim, heads, wide, 0.1, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(dim), enable_nested_tensor=False)
        self.head = nn.Linear(dim, classes)

    def forward(self, tokens):
        padding = tokens == PAD
        x = self.encoder(self.positions(self.embed(tokens)), src_key_padding_mask=padding)
        keep = (~padding).unsqueeze(-1).to(x.dtype)
        return self.head((x * keep).sum(1) / keep.sum(1))


class EncoderDecoder(nn.Module):
    """src and tgt, int64 [batch,src_seq] and [batch,tgt_seq] -> logits [batch,tgt_seq,words] of what follows each token."""

    def __init__(self, src_words, tgt_words, longest, dim=64, heads=8, layers=2, wide=64, dropout=0.0):
        super().__init__()
        self.src_embed = nn.Embedding(src_words, dim)
        self.tgt_embed = nn.Embedding(tgt_words, dim)
        for embed in (self.src_embed, self.tgt_embed):
            nn.init.normal_(embed.weight, std=dim ** -0.5)   # scaled by sqrt(dim) they would drown the positions else
        self.positions = Positions(dim, longest)
        self.transformer = nn.Transformer(dim, heads, layers, layers, wide, dropout, batch_first=True)
        self.transformer.encoder.enable_nested_tensor = False
        self.head = nn.Linear(dim, tgt_words)

    def encode(self, src):
        return self.transformer.encoder(self.positions(self.src_embed(src)), src_key_padding_mask=src == PAD)

    def decode(self, memory, src, tgt):
        n = tgt.size(1)
        causal = torch.triu(torch.ones(n, n, dtype=torch.bool, device=tgt.device), 1)
        x = self.transformer.decoder(self.positions(self.tgt_embed(tgt)), memory, tgt_mask=causal,
                                     memory_key_padding_mask=src == PAD)
        return self.head(x)

    def forward(self, src, tgt):
        return self.decode(self.encode(src), src, tgt)


class Encoder(nn.Module):
    """The encoder of an EncoderDecoder: src -> memory."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, src):
        return self.net.encode(src)


class Decoder(nn.Module):
    """The decoder of an EncoderDecoder: memory, src (for its padding), tgt -> logits."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, memory, src, tgt):
        return self.net.decode(memory, src, tgt)


@torch.no_grad()
def greedy(net, src, start, end, longest):
    """The tokens that the network writes for each row of src, int64 [n,longest], without start, padded after end."""
    net.eval()
    memory = net.encode(src)
    tgt = torch.full((len(src), 1), start)
    done = torch.zeros(len(src), dtype=torch.bool)
    for _ in range(longest):
        token = net.decode(memory, src, tgt)[:, -1].argmax(-1).masked_fill(done, PAD)
        tgt = torch.cat([tgt, token[:, None]], 1)
        done |= token == end
    return tgt[:, 1:]


# ---- export --------------------------------------------------------------

def half(net):
    """net with parameters rounded to float16 numbers, still computing in float32."""
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(p.half().float())
    return net


def slow_path(net):
    """net without the fused kernels of inference, which have no ONNX form."""
    if hasattr(torch.backends, "mha"):
        torch.backends.mha.set_fastpath_enabled(False)
    for m in net.modules():
        if isinstance(m, nn.TransformerEncoderLayer):
            m.activation_relu_or_gelu = 0
    return net


def store_half(model):
    """Store float32 initializers of at least 64 numbers as float16, each behind a Cast, where that loses nothing."""
    graph, nodes = model.graph, []
    for t in graph.initializer:
        if t.data_type != onnx.TensorProto.FLOAT or np.prod(t.dims) < 64:
            continue
        x = numpy_helper.to_array(t)
        with np.errstate(over="ignore"):
            h = x.astype(np.float16)
        if not (h.astype(np.float32) == x).all():
            continue
        name = t.name
        t.CopyFrom(numpy_helper.from_array(h, name + "_half"))
        nodes.append(helper.make_node("Cast", [t.name], [name], name=name + "_cast", to=onnx.TensorProto.FLOAT))
    old = list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes + old)
    # Outputs of nodes have no place among the graph's inputs.
    keep = [v for v in graph.input if v.name not in {n.output[0] for n in nodes}]
    del graph.input[:]
    graph.input.extend(keep)


def short_names(model):
    """Number the nodes and values, as PyTorch did before it named them by modules; half of a small file is names else."""
    graph = model.graph
    fixed = {v.name for v in graph.input} | {v.name for v in graph.output} | {t.name for t in graph.initializer}
    number = {}
    for i, node in enumerate(graph.node):
        node.name = "%s_%d" % (node.op_type, i)
        for names in (node.input, node.output):
            for k, name in enumerate(names):
                if name and name not in fixed:
                    names[k] = number.setdefault(name, str(len(number)))
    del graph.value_info[:]


def export(net, path, inputs, names, outputs, axes, dynamo=False, shrink=True, opset=14, out_axes=None):
    """Write a network in eval mode as ONNX and check the file.

    axes has a dict {axis: name} for each input, out_axes for each output (default: axis 0 is the batch). shrink stores
    float16 numbers as such and shortens names. Trilu, of causal masks, wants opset 14.
    """
    slow_path(net.eval())
    dynamic = dict(zip(names, axes))
    how = dict(input_names=names, output_names=outputs)
    if dynamo:
        if "dynamo" not in inspect.signature(torch.onnx.export).parameters:
            raise SystemExit("torch %s has no dynamo exporter for ONNX: 2.5 or later is wanted" % torch.__version__)
        dims = {n: torch.export.Dim(n, min=2 if n == "batch" else 1, max=64) for a in axes for n in a.values()}
        inputs = [torch.cat([x, x]) for x in inputs]    # a batch of 1 would be taken as a constant
        torch.onnx.export(net, tuple(inputs), path, opset_version=max(opset, 18), dynamo=True, external_data=False,
                          dynamic_shapes=tuple({k: dims[n] for k, n in a.items()} for a in axes), **how)
    else:
        dynamic.update(zip(outputs, out_axes or [{0: "batch"}] * len(outputs)))
        if "dynamo" in inspect.signature(torch.onnx.export).parameters:
            how["dynamo"] = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(net, tuple(inputs), path, opset_version=opset, dynamic_axes=dynamic, **how)
    model = onnx.load(path)
    if shrink:
        short_names(model)
        store_half(model)
        onnx.save(model, path)
    onnx.checker.check_model(model, full_check=True)
    return os.path.getsize(path)
