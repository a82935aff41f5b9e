#!/usr/bin/env python3
"""Write transformers in the forms that PyTorch's newer ONNX exporter (dynamo) gives them.

    python3 testdata/gen/dynamo_fixtures.py [OUTPUT_DIR]     # testdata/onnx/attention

That exporter needs onnxscript, which Debian has not. So this takes the graph
of torch.export, which is the exporter's own input, and writes each of its aten
operators as the exporter's library does: opset 18, opset 18 with a model-local
function for each call (as in torch 2.1 to 2.4), and opset 23 with Attention.
Inputs of three sizes and PyTorch's outputs come with them, as for
attention_fixtures.py. Made with Debian sid: torch 2.14, onnx 1.20, numpy 2.
"""

import operator
import os
import sys
import warnings

import numpy as np
import onnx
import torch
import torch.nn as nn
from onnx import TensorProto, helper as oh, numpy_helper

warnings.filterwarnings("ignore")
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "onnx", "attention")
A = torch.ops.aten
LIBRARY = "pkg.onnxscript.torch_lib"


class Encoder(nn.Module):
    """Post-norm, GELU, causal and padding masks, learned positions."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(16, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, 0.1, "gelu", batch_first=True)
        self.layers, self.out = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False), nn.Linear(8, 3)

    def forward(self, x):
        n = x.shape[1]
        mask = torch.triu(torch.ones(n, n, dtype=torch.bool), 1)
        y = self.words(x) + self.places(torch.arange(n))
        return self.out(self.layers(y, mask=mask, src_key_padding_mask=x == 0, is_causal=False))


class Decoder(nn.Module):
    """Pre-norm, ReLU, additive causal mask, cross attention."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 8)
        layer = nn.TransformerDecoderLayer(8, 2, 12, 0.1, batch_first=True, norm_first=True)
        self.layers, self.out = nn.TransformerDecoder(layer, 1), nn.Linear(8, 20)

    def forward(self, x, memory):
        mask = torch.triu(torch.full((x.shape[1], x.shape[1]), float("-inf")), 1)
        return self.out(self.layers(self.words(x), memory, tgt_mask=mask, tgt_is_causal=False, memory_is_causal=False))


class Writer:
    """Writes nodes: op(...) returns the name of its output."""

    def __init__(self, opset, functions):
        self.opset, self.functions, self.nodes, self.count = opset, functions, [], 0

    def __getattr__(self, kind):
        def op(*inputs, out=None, **attrs):
            if out is None:
                out, self.count = "val_%d" % self.count, self.count + 1
            self.nodes.append(oh.make_node(kind, list(inputs), [out], name="node_%s_%d" % (kind, len(self.nodes)), **attrs))
            return out
        return op

    def const(self, value, dtype=np.int64):
        return self.Constant(value=numpy_helper.from_array(np.array(value, dtype)))

    def shape(self, sizes):
        """A list of numbers and of scalars that are computed."""
        if all(isinstance(s, int) for s in sizes):
            return self.const(sizes)
        return self.Concat(*(self.const([s]) if isinstance(s, int) else self.Reshape(s.name, self.const([-1])) for s in sizes), axis=0)


def attention(w, out, q, k, v, mask=None):
    if w.opset >= 23:
        return w.Attention(q, k, v, *([mask] if mask else []), out=out)
    last = w.Gather(w.Shape(q), w.const([-1]))
    scale = w.Div(w.CastLike(w.const(1, np.float32), q), w.Sqrt(w.CastLike(last, q)))
    scale = w.CastLike(scale, q)
    d, n, first = w.Shape(k, start=-1), w.Shape(k, start=-2, end=-1), w.Shape(k, end=-2)
    flat = w.Reshape(k, w.Concat(w.const([-1]), n, d, axis=0))
    turned = w.Reshape(w.Transpose(flat, perm=[0, 2, 1]), w.Concat(first, d, n, axis=0))
    scores = w.MatMul(w.Mul(q, w.Sqrt(scale)), w.Mul(turned, w.Sqrt(scale)))
    weights = w.Softmax(w.Add(scores, mask) if mask else scores, axis=-1)
    w.nodes.append(oh.make_node("Dropout", [weights, w.const(0, np.float32)], [weights + "_kept", ""], name="node_Dropout_%d" % len(w.nodes)))
    return w.MatMul(weights + "_kept", v, out=out)


def gelu(w, out, x):
    if w.opset >= 20:
        return w.Gelu(x, out=out, approximate="none")
    inner = w.Erf(w.Mul(w.CastLike(w.const(0.7071067811865475, np.float32), x), x))
    return w.Mul(w.CastLike(w.const(0.5, np.float32), x), w.Mul(x, w.Add(w.CastLike(w.const(1, np.float32), x), inner)), out=out)


def linear(w, out, x, weight, bias, rank):
    if rank == 2:
        return w.Gemm(x, weight, bias, out=out, alpha=1.0, beta=1.0, transA=0, transB=1)
    return w.Add(w.MatMul(x, w.Transpose(weight, perm=[1, 0])), bias, out=out)


def emit(w, node):
    """Writes one call; its result has the node's name."""
    a, out, f = node.args, node.name, node.target
    name = [x.name if isinstance(x, torch.fx.Node) else x for x in a]
    rank = lambda x: x.meta["val"].dim()
    kind = lambda: onnx.helper.np_dtype_to_tensor_dtype(np.dtype(str(node.meta["val"].dtype).split(".")[1]))
    if f is A.sym_size.int:
        w.Squeeze(w.Shape(name[0], start=a[1], end=a[1] + 1), out=out)
    elif f is operator.mul:
        w.Mul(name[0], name[1] if isinstance(name[1], str) else w.const(a[1]), out=out)
    elif f is A.arange.start_step:
        w.Range(w.const(a[0]), name[1], w.const(1), out=out)
    elif f is A.full.default:
        w.Expand(w.Cast(w.const(float(a[1]), np.float32), to=kind()), w.shape(a[0]), out=out)
    elif f is A.full_like.default:
        w.Expand(w.Cast(w.const(a[1], np.float32), to=kind()), w.Shape(name[0]), out=out)
    elif f is A.scalar_tensor.default:
        w.Cast(w.const(a[0], np.float32), to=kind(), out=out)
    elif f in (A.unsqueeze.default, A.squeeze.dims):
        (w.Unsqueeze if f is A.unsqueeze.default else w.Squeeze)(name[0], w.const(a[1] if isinstance(a[1], list) else [a[1]]), out=out)
    elif f in (A.sub.Tensor, A.add.Tensor):
        (w.Sub if f is A.sub.Tensor else w.Add)(*name, out=out)
    elif f is A.logical_and.default:
        w.And(*name, out=out)
    elif f in (A.ge.Scalar, A.eq.Scalar):
        (w.GreaterOrEqual if f is A.ge.Scalar else w.Equal)(name[0], w.CastLike(w.const(a[1]), name[0]), out=out)
    elif f is A.where.self:
        w.Where(*name, out=out)
    elif f is A.embedding.default:
        w.Gather(*name[:2], out=out)
    elif f is A.permute.default:
        w.Transpose(name[0], perm=a[1], out=out)
    elif f is A.view.default:
        w.Reshape(name[0], w.shape(a[1]), allowzero=1, out=out)
    elif f is A.clone.default:
        w.Identity(name[0], out=out)
    elif f is A.select.int:
        w.Gather(name[0], w.const(a[2]), axis=a[1], out=out)
    elif f is A.split_with_sizes.default and w.functions:
        w.SplitToSequence(name[0], w.const(a[1]), axis=a[2] if len(a) > 2 else 0, out=out)
    elif f is A.split_with_sizes.default:
        parts = ["%s_split_%d" % (out, i) for i in range(len(a[1]))]
        w.nodes.append(oh.make_node("Split", [name[0], w.const(a[1])], parts, name="node_Split_%d" % len(w.nodes), axis=a[2] if len(a) > 2 else 0))
    elif f is operator.getitem and w.functions:
        w.SequenceAt(name[0], w.const(a[1]), out=out)
    elif f is operator.getitem:
        w.Identity("%s_split_%d" % (name[0], a[1]), out=out)
    elif f is A.expand.default:
        w.Expand(name[0], w.Abs(w.shape(a[1])), out=out)
    elif f is A.relu.default:
        w.Relu(name[0], out=out)
    elif f is A.linear.default:
        linear(w, out, *name, rank(a[0]))
    elif f is A.layer_norm.default:
        w.LayerNormalization(name[0], name[2], name[3], axis=-len(a[1]), epsilon=a[4], out=out)
    elif f is A.gelu.default:
        gelu(w, out, name[0])
    elif f is A.scaled_dot_product_attention.default:
        attention(w, out, *name)
    else:
        raise SystemExit("no form of %s" % f)


def names_of(x):
    if isinstance(x, (list, tuple)):
        return [n for y in x for n in names_of(y)]
    return [x.name] if isinstance(x, torch.fx.Node) else []


def write(program, module, name, inputs, opset, functions=False):
    w, bodies, inits, params = Writer(opset, functions), [], [], dict(module.named_parameters())
    spec = {s.arg.name: s.target for s in program.graph_signature.input_specs if s.target}
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in spec:
            inits.append(numpy_helper.from_array(params[spec[node.name]].detach().numpy(), node.name))
        elif node.op == "call_function" and functions and node.target not in (A.sym_size.int, operator.mul):
            body, read = Writer(opset, True), list(dict.fromkeys(names_of(node.args)))
            emit(body, node)
            label = str(node.target).replace("aten.", "aten_").split(".")[0] + "_%d" % len(bodies)
            bodies.append(oh.make_function(LIBRARY, label, read, [node.name], body.nodes, [oh.make_opsetid("", opset)]))
            w.nodes.append(oh.make_node(label, read, [node.name], name=label, domain=LIBRARY))
        elif node.op == "call_function":
            emit(w, node)
        elif node.op == "output":
            w.Identity(node.args[0][0].name, out="y")
    infos = [oh.make_tensor_value_info(n, TensorProto.INT64 if not v.is_floating_point() else TensorProto.FLOAT, dims) for n, v, dims in inputs]
    graph = oh.make_graph(w.nodes, "main_graph", infos, [oh.make_tensor_value_info("y", TensorProto.FLOAT, None)], inits)
    opsets = [oh.make_opsetid("", opset)] + ([oh.make_opsetid(LIBRARY, 1)] if functions else [])
    onnx.save(oh.make_model(graph, opset_imports=opsets, functions=bodies, ir_version=10), os.path.join(OUT, name + ".onnx"))


def samples(module, name, make):
    for i, (batch, n) in enumerate([(2, 6), (3, 9), (1, 4)]):
        args = make(batch, n)
        for k, x in enumerate(args):
            np.save(os.path.join(OUT, "%s.%d.in%d.npy" % (name, i, k)), x.numpy().astype(np.float32))
        with torch.no_grad():
            np.save(os.path.join(OUT, "%s.%d.out.npy" % (name, i)), module(*args).numpy())


def export(module, args, dims):
    table = torch.export.default_decompositions()
    for f in (A.linear.default, A.layer_norm.default, A.gelu.default, A.scaled_dot_product_attention.default, A.embedding.default):
        table.pop(f, None)
    sizes = {n: torch.export.Dim(n, min=2, max=64) for d in dims for n in d if isinstance(n, str)}
    shapes = tuple({i: sizes[n] for i, n in enumerate(d) if isinstance(n, str)} for d in dims)
    return torch.export.export(module, args, dynamic_shapes=shapes, strict=False).run_decompositions(table)


def tokens(batch, n):
    t = torch.randint(1, 20, (batch, n))
    t[:, -1] = 0
    return t


torch.manual_seed(5)
for name, module, make, names, dims in (
        ("dynamo_encoder", Encoder().eval(), lambda b, n: (tokens(b, n),), ["x"], [["batch", "seq"]]),
        ("dynamo_decoder", Decoder().eval(), lambda b, n: (torch.randint(0, 20, (b, n)), torch.randn(b, n + 1, 8)), ["x", "memory"],
         [["batch", "seq"], ["batch", "memory", 8]])):
    args = make(3, 7)
    program = export(module, args, dims)
    inputs = list(zip(names, args, dims))
    write(program, module, name + "_18", inputs, 18)
    write(program, module, name + "_functions", inputs, 18, functions=True)
    write(program, module, name + "_23", inputs, 23)
    samples(module, name, make)
