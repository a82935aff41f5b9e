#!/usr/bin/env python3
"""Write small ONNX models of ONNX Runtime's fused operators (domain com.microsoft).

    python3 testdata/gen/microsoft_fixtures.py [OUTPUT_DIR]    # testdata/onnx/microsoft
    node testdata/gen/ort_outputs.js OUTPUT_DIR                # their outputs, by onnxruntime-node 1.30

NAME.onnx comes with its inputs NAME.in0.npy … in graph order, float32 whatever
the input's type is; the outputs NAME.out0.npy … are ONNX Runtime's. For
operators that it has on GPUs only (gpu_*.onnx) they are computed here. Needs
python3-onnx and python3-numpy. Everything is seeded.
"""

import math
import os
import sys

import numpy as np
from onnx import TensorProto, helper as oh, numpy_helper, save

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "onnx", "microsoft")
RNG = np.random.default_rng(23)
KINDS = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32, np.dtype(np.int64): TensorProto.INT64}


def rand(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


class Const:
    """An operand that is an initializer."""

    def __init__(self, value):
        self.value = value


def const(*shape):
    return Const(rand(*shape))


def model(name, kind, operands, outputs=1, result=None, **attrs):
    """A model of one node. Operands: arrays, constants, None for one left out. outputs: how many, or which."""
    outputs = range(outputs) if isinstance(outputs, int) else outputs
    names, infos, inits = [], [], []
    for i, x in enumerate(operands):
        names.append("" if x is None else "x%d" % i)
        if isinstance(x, Const):
            inits.append(numpy_helper.from_array(x.value, names[-1]))
        elif x is not None:
            np.save(os.path.join(OUT, "%s.in%d.npy" % (name, len(infos))), x.astype(np.float32))
            infos.append(oh.make_tensor_value_info(names[-1], KINDS[x.dtype], x.shape))
    out = ["y%d" % i if i in outputs else "" for i in range(max(outputs) + 1)]
    kinds = {"y1": TensorProto.INT32} if kind == "EmbedLayerNormalization" else {}
    node = oh.make_node(kind, names, out, name=name, domain="com.microsoft", **attrs)
    graph = oh.make_graph([node], name, infos, [oh.make_tensor_value_info(y, kinds.get(y, TensorProto.FLOAT), None) for y in out if y], inits)
    opsets = [oh.make_opsetid("", 17), oh.make_opsetid("com.microsoft", 1)]
    save(oh.make_model(graph, opset_imports=opsets, ir_version=8), os.path.join(OUT, name + ".onnx"))
    if result is not None:
        np.save(os.path.join(OUT, name + ".out0.npy"), result.astype(np.float32))


os.makedirs(OUT, exist_ok=True)
x, bias, skip = rand(2, 5, 12), const(12), rand(2, 5, 12)
model("bias_gelu", "BiasGelu", [x, bias])
model("gelu", "Gelu", [3 * x])
model("fast_gelu", "FastGelu", [3 * x])
model("fast_gelu_bias", "FastGelu", [x, bias])
model("quick_gelu", "QuickGelu", [x], alpha=1.702)
model("skip_norm", "SkipLayerNormalization", [x, skip, const(12), const(12), const(12)], outputs=[0, 3], epsilon=1e-5)
model("skip_norm_plain", "SkipLayerNormalization", [x, skip, const(12)], epsilon=1e-5)
model("skip_rms_norm", "SkipSimplifiedLayerNormalization", [x, skip, const(12), const(12)], outputs=[0, 3], epsilon=1e-5)

ids, segments = RNG.integers(0, 11, (2, 5)).astype(np.int32), RNG.integers(0, 2, (2, 5)).astype(np.int32)
keep = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32)
words, places, parts = const(11, 12), const(7, 12), const(2, 12)
model("embed", "EmbedLayerNormalization", [ids, segments, words, places, parts, const(12), const(12), keep], outputs=3, epsilon=1e-5)
model("embed_no_segments", "EmbedLayerNormalization", [ids, None, words, places, None, const(12), const(12)], epsilon=1e-5, outputs=[0, 1])
model("embed_positions", "EmbedLayerNormalization", [ids, None, words, places, None, const(12), const(12), None, np.array([[6, 5, 4, 3, 2]] * 2, np.int32)],
      epsilon=1e-5, outputs=[0, 1])

# Three heads of 4.
w, b, past = const(12, 36), const(36), rand(2, 2, 3, 4, 4)
some = np.maximum(RNG.integers(0, 2, (2, 5, 7)), np.eye(5, 7, dtype=np.int64)).astype(np.int32)
model("attention", "Attention", [x, w, b], num_heads=3)
model("attention_scaled_causal", "Attention", [x, w, b], num_heads=3, unidirectional=1, scale=0.75)
model("attention_lengths", "Attention", [x, w, b, np.array([3, 5], np.int32)], num_heads=3)
model("attention_ends_begins", "Attention", [x, w, b, np.array([4, 5, 1, 0], np.int32)], num_heads=3)
model("attention_keys", "Attention", [x, w, b, keep], num_heads=3)
model("attention_pairs", "Attention", [x, w, b, some[:, :, :5]], num_heads=3)
model("attention_scores", "Attention", [x, w, b, None, None, rand(1, 3, 5, 5)], num_heads=3)
model("attention_past", "Attention", [x, w, b, None, past], outputs=2, num_heads=3)
model("attention_past_causal", "Attention", [x, w, b, None, past], outputs=2, num_heads=3, unidirectional=1)
model("attention_sizes", "Attention", [x, const(12, 48), const(48)], num_heads=3, qkv_hidden_sizes=[12, 12, 24])

q, k, v = rand(2, 5, 12), rand(2, 7, 12), rand(2, 7, 18)
heads, tail = dict(num_heads=3), np.array([[1] * 7, [1] * 4 + [0] * 3], np.int32)
model("mha", "MultiHeadAttention", [q, k, v], **heads)
model("mha_bias", "MultiHeadAttention", [q, k, v, const(42)], scale=0.3, **heads)
model("mha_keys", "MultiHeadAttention", [q, k, v, None, tail], **heads)
model("mha_pairs", "MultiHeadAttention", [q, k, v, None, some], **heads)
model("mha_scores", "MultiHeadAttention", [q, k, v, None, None, rand(2, 3, 5, 7)], **heads)
model("mha_keys_scores", "MultiHeadAttention", [q, k, v, None, tail, rand(1, 3, 5, 7)], **heads)
model("mha_causal", "MultiHeadAttention", [q, rand(2, 5, 12), rand(2, 5, 12)], unidirectional=1, **heads)
model("mha_cross", "MultiHeadAttention", [q, rand(2, 3, 7, 4), rand(2, 3, 7, 4)], **heads)
model("mha_past", "MultiHeadAttention", [q, rand(2, 5, 12), rand(2, 5, 12), None, None, None, rand(2, 3, 4, 4), rand(2, 3, 4, 4)], outputs=3, **heads)

a = rand(2, 3, 5, 4)
model("matmul", "FusedMatMul", [a, rand(2, 3, 6, 4)], alpha=0.5, transB=1)
model("matmul_a", "FusedMatMul", [a, rand(2, 3, 5, 6)], alpha=-2.0, transA=1)
model("matmul_constant", "FusedMatMul", [a, const(6, 4)], alpha=0.25, transB=1)
model("matmul_batches", "FusedMatMul", [rand(5, 2, 3, 4), rand(6, 2, 3, 4)], transBatchA=1, transBatchB=1, transB=1)
for kind, params in {"Relu": {}, "Tanh": {}, "Sigmoid": {}, "LeakyRelu": dict(activation_alpha=0.1), "HardSigmoid": dict(activation_alpha=0.2, activation_beta=0.4)}.items():
    model("gemm_" + kind.lower(), "FusedGemm", [2 * rand(3, 8), const(8, 5), const(5)], activation=kind, **params)
picture, kernel, offset = rand(1, 3, 6, 7), const(4, 3, 3, 3), const(4)
for kind, params in {"Relu": {}, "Sigmoid": {}, "LeakyRelu": dict(activation_params=[0.1]), "Clip": dict(activation_params=[-0.25, 0.5])}.items():
    model("conv_" + kind.lower(), "FusedConv", [picture, kernel, offset], pads=[1, 1, 1, 1], activation=kind, **params)
model("conv_sum", "FusedConv", [picture, kernel, offset, rand(1, 4, 4, 5)], activation="Relu")

angles = np.arange(9)[:, None] / 10 ** (np.arange(2) / 2)
tables = [Const(np.cos(angles).astype(np.float32)), Const(np.sin(angles).astype(np.float32))]
model("rotary", "RotaryEmbedding", [x, np.array([[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]], np.int64)] + tables)
model("rotary_offset", "RotaryEmbedding", [x, np.array([2], np.int64)] + tables, interleaved=1)
model("rotary_heads", "RotaryEmbedding", [rand(2, 3, 5, 4), np.array([1], np.int64)] + tables)
model("rotary_part", "RotaryEmbedding", [rand(2, 5, 24), np.array([0], np.int64)] + tables, num_heads=3, rotary_embedding_dim=4)
model("trilu", "Trilu", [rand(2, 4, 5)], upper=0)

erf = np.vectorize(math.erf)
wide = (x + bias.value).astype(np.float64)
model("gpu_bias_add", "BiasAdd", [x, bias, skip], result=x + bias.value + skip)
model("gpu_bias_split_gelu", "BiasSplitGelu", [x, bias], result=wide[..., :6] * wide[..., 6:] * 0.5 * (1 + erf(wide[..., 6:] / math.sqrt(2))))
weights, offset = const(12, 7), const(7)
u = x.astype(np.float64) @ weights.value + offset.value
model("gpu_gemm_fast_gelu", "GemmFastGelu", [x, weights, offset], result=0.5 * u * (1 + np.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u ** 3))))


def attention(q, k, v):
    """Of rows [N,S,H,D]."""
    scores = np.einsum("nqhd,nkhd->nhqk", q, k) / math.sqrt(q.shape[3])
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("nhqk,nkhe->nqhe", scores / scores.sum(-1, keepdims=True), v).reshape(q.shape[0], q.shape[1], -1)


qkv, kv = rand(2, 5, 3, 3, 4), rand(2, 7, 3, 2, 4)
model("gpu_mha_packed", "MultiHeadAttention", [qkv], result=attention(*(qkv[:, :, :, i].astype(np.float64) for i in range(3))), **heads)
model("gpu_mha_packed_keys", "MultiHeadAttention", [q, kv], result=attention(q.reshape(2, 5, 3, 4).astype(np.float64), *(kv[:, :, :, i].astype(np.float64) for i in range(2))), **heads)
