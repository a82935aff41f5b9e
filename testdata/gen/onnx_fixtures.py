#!/usr/bin/env python3
"""Write the small ONNX models that the importer's tests read.

    python3 testdata/gen/onnx_fixtures.py [OUTPUT_DIR]     # testdata/onnx

Every good model NAME.onnx comes with its float32 inputs and output:
NAME.in.npy (or NAME.in0.npy, NAME.in1.npy, in graph order) and NAME.out.npy.
The expected outputs are computed here with numpy and torch, from the operators'
definitions and never by running the ONNX file. Models under bad/ must be
refused; they have no outputs.

Needs python3-onnx, python3-numpy and python3-torch. python3-onnx 1.12 ends at
opset 17 and IR version 8: for what is newer (attribute defaults of functions,
metadata_props of nodes, IR version 10) the protobuf fields are written by hand
and onnx.checker is not asked. Everything is seeded; two runs give the same
files.
"""

import os
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper as oh, numpy_helper

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "onnx")
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
RNG = np.random.default_rng(11)

node = oh.make_node


# ---- helpers -------------------------------------------------------------

def rand(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def init(name, value, dtype=np.float32, raw=True):
    """An initializer, as raw_data or in the typed field."""
    value = np.asarray(value, dtype)
    if raw:
        return numpy_helper.from_array(value, name)
    kind = onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[value.dtype]
    return oh.make_tensor(name, kind, value.shape, value.flatten().tolist())


def info(name, shape, dtype=FLOAT):
    return oh.make_tensor_value_info(name, dtype, shape)


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def append_field(msg, number, payload):
    """Add a length-delimited field that this python3-onnx does not know."""
    msg.MergeFromString(varint(number << 3 | 2) + varint(len(payload)) + payload)


def metadata(n, **pairs):
    """NodeProto.metadata_props (field 9, since ONNX 1.16)."""
    for key, value in pairs.items():
        e = onnx.StringStringEntryProto(key=key.replace("__", "."), value=value)
        append_field(n, 9, e.SerializeToString())
    return n


def function(domain, name, inputs, outputs, nodes, attrs=(), defaults=(),
             imports=(("", 18),)):
    f = onnx.FunctionProto(name=name, domain=domain, input=inputs, output=outputs,
                           attribute=attrs, node=nodes)
    for d, v in imports:
        f.opset_import.append(oh.make_opsetid(d, v))
    for key, value in dict(defaults).items():  # attribute_proto, field 11
        append_field(f, 11, oh.make_attribute(key, value).SerializeToString())
    return f


def ref(n, attr, of, kind):
    """Let attribute attr of node n refer to the function's attribute of."""
    n.attribute.append(onnx.AttributeProto(name=attr, ref_attr_name=of, type=kind))
    return n


def build(name, nodes, inputs, outputs, inits=(), opset=13, ir=7, functions=(),
          imports=(), producer="edgerun-fixtures", version=""):
    g = oh.make_graph(nodes, name, inputs, outputs, list(inits))
    m = onnx.ModelProto(ir_version=ir, producer_name=producer,
                        producer_version=version, graph=g)
    for d, v in [("", opset), *imports]:
        m.opset_import.append(oh.make_opsetid(d, v))
    m.functions.extend(functions)
    return m


def path(name):
    p = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(p), exist_ok=True)
    return p


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)


def num(x):
    return x.numpy() if isinstance(x, torch.Tensor) else x


def good(name, nodes, xs, out, inits=(), check=True, **kw):
    """Write one model with inputs x (or x0, x1) and the expected output y."""
    xs = xs if isinstance(xs, list) else [xs]
    out = np.ascontiguousarray(num(out)).astype(np.float32)
    names = ["x"] if len(xs) == 1 else ["x%d" % i for i in range(len(xs))]
    m = build(name.replace("/", "_"), nodes,
              [info(n, x.shape) for n, x in zip(names, xs)] + kw.pop("more_inputs", []),
              [info("y", out.shape)], inits, **kw)
    if check:
        onnx.checker.check_model(m, full_check=True)
    finish(name, m, xs, out)


def finish(name, m, xs, out):
    data = m.SerializeToString()
    assert len(data) < 20000, name
    write(name + ".onnx", data)
    for i, x in enumerate(xs):
        np.save(path(name + (".in.npy" if len(xs) == 1 else ".in%d.npy" % i)), x)
    np.save(path(name + ".out.npy"), out)


def bad(name, m):
    write("bad/" + name + ".onnx", m if isinstance(m, bytes) else m.SerializeToString())


T = torch.from_numpy


# ---- Gemm, MatMul ----------------------------------------------------------

def gemm():
    x, w, wt = rand(2, 6), rand(6, 4), rand(4, 6)
    c1, cn, c1n, cs = rand(1), rand(4), rand(1, 4), rand()

    def one(name, weight, c, want, check=True, opset=13, ins=None, **attrs):
        inits = [init("w", weight)] + ([] if c is None else [init("c", c, raw=False)])
        good(name, [node("Gemm", ins or (["x", "w"] if c is None else ["x", "w", "c"]),
                         ["y"], **attrs)],
             x, want, inits, opset=opset, check=check)

    one("gemm_transb0_cn", w, cn, x @ w + cn)
    one("gemm_transb1_cn", wt, cn, x @ wt.T + cn, transB=1)
    one("gemm_transa0_transb0_explicit", w, cn, x @ w + cn, transA=0, transB=0)
    one("gemm_alpha_beta", wt, cn, 0.5 * (x @ wt.T) + 2 * cn, alpha=0.5, beta=2.0, transB=1)
    one("gemm_beta0", wt, cn, x @ wt.T, beta=0.0, transB=1)
    one("gemm_c1", w, c1, x @ w + c1)
    one("gemm_c1n", w, c1n, x @ w + c1n)
    one("gemm_cscalar", w, cs, x @ w + cs)
    one("gemm_no_c", wt, None, x @ wt.T, transB=1)
    one("gemm_empty_c", wt, None, x @ wt.T, ins=["x", "w", ""], transB=1)
    one("gemm_opset6_broadcast", w, cn, x @ w + cn, opset=6, broadcast=1)
    # Before IR version 4 every initializer is a graph input as well.
    good("gemm_ir3_initializers_are_inputs", [node("Gemm", ["x", "w", "c"], ["y"])], x,
         x @ w + cn, [init("w", w), init("c", cn)], opset=8, ir=3,
         more_inputs=[info("w", (6, 4)), info("c", (4,))])
    w16 = w.astype(np.float16)
    good("gemm_float16_weights", [node("Cast", ["w16"], ["w"], to=FLOAT),
                                  node("Gemm", ["x", "w", "c"], ["y"])], x,
         x @ w16.astype(np.float32) + cn, [init("w16", w16, np.float16), init("c", cn)])

    good("matmul_const", [node("MatMul", ["x", "w"], ["y"])], x, x @ w, [init("w", w)])
    good("matmul_const_add", [node("MatMul", ["x", "w"], ["h"]),
                              node("Add", ["h", "c"], ["y"])], x, x @ w + cn,
         [init("w", w), init("c", cn)])
    a, b = rand(3, 2, 5), rand(3, 5, 4)
    good("matmul_batch3d", [node("MatMul", ["x0", "x1"], ["y"])], [a, b], a @ b)


# ---- Conv -----------------------------------------------------------------

def conv():
    x, w, b = rand(2, 3, 8, 7), rand(4, 3, 3, 3), rand(4)

    def one(name, w, b, pads=(0, 0, 0, 0), stride=(1, 1), dil=(1, 1), explicit=0,
            **attrs):
        """pads: (top, left, bottom, right); an attribute only if explicit."""
        t, l, bo, r = pads
        if explicit:
            attrs["pads"] = list(pads)
        want = F.conv2d(F.pad(T(x), (l, r, t, bo)), T(w), None if b is None else T(b),
                        stride, 0, dil)
        good(name, [node("Conv", ["x", "w"] + ([] if b is None else ["b"]), ["y"], **attrs)],
             x, want, [init("w", w)] + ([] if b is None else [init("b", b)]))

    k = dict(kernel_shape=[3, 3])
    one("conv_bias", w, b, **k)
    one("conv_nobias", w, None, **k)
    one("conv_no_kernel_shape", w, b)
    one("conv_1x1", rand(5, 3, 1, 1), rand(5), kernel_shape=[1, 1])
    one("conv_kernel_3x2", rand(4, 3, 3, 2), b, kernel_shape=[3, 2])
    one("conv_strides", w, b, stride=(2, 3), strides=[2, 3], **k)
    one("conv_pads_sym", w, b, pads=(1, 1, 1, 1), explicit=1, **k)
    one("conv_pads_asym", w, b, pads=(1, 0, 2, 1), explicit=1, **k)
    one("conv_dilations", w, b, dil=(2, 3), dilations=[2, 3], **k)
    one("conv_all", w, b, pads=(2, 1, 0, 3), explicit=1, stride=(2, 1), strides=[2, 1],
        dil=(1, 2), dilations=[1, 2], group=1, **k)
    one("conv_auto_pad_notset", w, b, pads=(1, 1, 0, 0), explicit=1, auto_pad="NOTSET", **k)
    one("conv_auto_pad_valid", w, b, auto_pad="VALID", stride=(2, 2), strides=[2, 2], **k)
    # SAME, stride 2: output ceil(8/2)=4 by ceil(7/2)=4, so the padding is
    # (4-1)*2+3-8 = 1 row and (4-1)*2+3-7 = 2 columns.
    one("conv_same_upper", w, b, (0, 1, 1, 1), (2, 2), auto_pad="SAME_UPPER",
        strides=[2, 2], **k)
    one("conv_same_lower", w, b, (1, 1, 0, 1), (2, 2), auto_pad="SAME_LOWER",
        strides=[2, 2], **k)
    # SAME, stride 1, even kernel 2x4: 1 row and 3 columns.
    w24 = rand(4, 3, 2, 4)
    one("conv_same_upper_even_kernel", w24, b, (0, 1, 1, 2), auto_pad="SAME_UPPER",
        kernel_shape=[2, 4])
    one("conv_same_lower_even_kernel", w24, b, (1, 2, 0, 1), auto_pad="SAME_LOWER",
        kernel_shape=[2, 4])


# ---- pooling ----------------------------------------------------------------

def pool_ref(x, k, s, pads, ceil, kind, include=False):
    """Pooling by definition. Cells outside of the padded picture count never."""
    t, l, b, r = pads
    n, c, h, w = x.shape
    hp, wp = h + t + b, w + l + r

    def size(full, k, s, begin_and_in):
        o = (-(-(full - k) // s) if ceil else (full - k) // s) + 1
        # A window may not begin in the padding after the end.
        return o - 1 if ceil and (o - 1) * s >= begin_and_in else o
    oh_, ow = size(hp, k[0], s[0], h + t), size(wp, k[1], s[1], w + l)
    y = np.zeros((n, c, oh_, ow), np.float64)
    for i in range(oh_):
        for j in range(ow):
            y0, x0 = i * s[0] - t, j * s[1] - l
            y1, x1 = min(y0 + k[0], h + b), min(x0 + k[1], w + r)
            win = x[:, :, max(y0, 0):min(y1, h), max(x0, 0):min(x1, w)]
            if kind == "max":
                y[:, :, i, j] = win.max((2, 3))
            else:
                area = (y1 - y0) * (x1 - x0) if include else win.shape[2] * win.shape[3]
                y[:, :, i, j] = win.sum((2, 3), dtype=np.float64) / area
    return y.astype(np.float32)


def pools():
    x = rand(2, 3, 8, 7)

    def one(name, op, k, s=(1, 1), pads=(0, 0, 0, 0), ceil=0, include=0, opset=13,
            auto_pad=None, explicit=True):
        kind = "max" if op == "MaxPool" else "avg"
        want = pool_ref(x, k, s, pads, ceil, kind, include)
        if pads[:2] == pads[2:] and auto_pad is None:  # torch knows only these
            if kind == "max":
                other = F.max_pool2d(T(x), k, s, pads[:2], ceil_mode=bool(ceil))
            else:
                other = F.avg_pool2d(T(x), k, s, pads[:2], bool(ceil), bool(include))
            assert np.allclose(other.numpy(), want, atol=1e-6), name
        attrs = dict(kernel_shape=list(k))
        if explicit:
            attrs.update(strides=list(s))
            if auto_pad:
                attrs.update(auto_pad=auto_pad)
            else:
                attrs.update(pads=list(pads))
            if opset >= 10:
                attrs.update(ceil_mode=ceil)
            if kind == "avg":
                attrs.update(count_include_pad=include)
        # onnx 1.12's shape inference is wrong for some cases of ceil_mode and
        # of auto_pad; only the plain check is asked for there.
        good(name, [node(op, ["x"], ["y"], **attrs)], x, want, opset=opset,
             check=not (ceil or auto_pad))

    one("maxpool_2x2", "MaxPool", (2, 2), (2, 2))
    one("maxpool_defaults", "MaxPool", (3, 2), explicit=False)
    one("maxpool_ceil0", "MaxPool", (3, 3), (2, 2))
    one("maxpool_ceil1", "MaxPool", (3, 3), (2, 3), ceil=1)
    one("maxpool_pads", "MaxPool", (3, 3), (2, 2), (1, 1, 1, 1))
    one("maxpool_pads_asym", "MaxPool", (3, 3), (2, 2), (0, 1, 2, 0))
    one("maxpool_pads_ceil1", "MaxPool", (3, 3), (2, 2), (1, 1, 1, 1), ceil=1)
    one("maxpool_same_upper", "MaxPool", (3, 3), (2, 2), (0, 1, 1, 1),
        auto_pad="SAME_UPPER")
    one("maxpool_opset8", "MaxPool", (2, 2), (2, 2), opset=8)
    one("avgpool_2x2", "AveragePool", (2, 2), (2, 2))
    one("avgpool_defaults", "AveragePool", (2, 3), explicit=False)
    one("avgpool_pads_exclude", "AveragePool", (3, 3), (2, 2), (1, 1, 1, 1))
    one("avgpool_pads_include", "AveragePool", (3, 3), (2, 2), (1, 1, 1, 1), include=1)
    one("avgpool_pads_asym_exclude", "AveragePool", (3, 3), (2, 2), (0, 1, 2, 0))
    one("avgpool_pads_asym_include", "AveragePool", (3, 3), (2, 2), (0, 1, 2, 0), include=1)
    one("avgpool_ceil1", "AveragePool", (3, 3), (2, 3), ceil=1)
    one("avgpool_ceil1_pads_exclude", "AveragePool", (3, 3), (2, 2), (1, 1, 1, 1), ceil=1)
    # As torch does it, and ONNX means it (onnx/onnx#5276): a last window that
    # reaches beyond the padding is divided by its part within the padded
    # picture. onnxruntime divides by the whole kernel (onnxruntime#16203).
    one("avgpool_ceil1_pads_include", "AveragePool", (3, 3), (2, 2), (1, 1, 1, 1), ceil=1,
        include=1)
    good("globalavgpool", [node("GlobalAveragePool", ["x"], ["y"])], x,
         x.mean((2, 3), keepdims=True, dtype=np.float64))


# ---- BatchNormalization -------------------------------------------------------

def batchnorm():
    x, w, b = rand(2, 3, 6, 5), rand(4, 3, 3, 3), rand(4)

    def params(c):
        s, o, m, v = rand(c) + 1.5, rand(c), rand(c), rand(c) + 1.5
        return (s, o, m, v), [init(n, a) for n, a in
                              zip(("scale", "shift", "mean", "var"), (s, o, m, v))]

    def ref_bn(x, p, eps):
        s, o, m, v = (T(a) for a in p)
        return F.batch_norm(T(np.ascontiguousarray(num(x))), m, v, s, o, False, 0, eps)

    names = ["scale", "shift", "mean", "var"]
    for opset, attrs in ((7, dict(spatial=1)), (9, dict(momentum=0.9)),
                         (15, dict(training_mode=0))):
        p, ini = params(3)
        good("bn_standalone_opset%d" % opset,
             [node("BatchNormalization", ["x"] + names, ["y"], epsilon=1e-3, **attrs)],
             x, ref_bn(x, p, 1e-3), ini, opset=opset)
        p, ini = params(4)
        h = F.conv2d(T(x), T(w), T(b), padding=1)
        good("bn_conv_opset%d" % opset,
             [node("Conv", ["x", "w", "b"], ["h"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
              node("BatchNormalization", ["h"] + names, ["n"]),
              node("Relu", ["n"], ["y"])],
             x, F.relu(ref_bn(h, p, 1e-5)), [init("w", w), init("b", b)] + ini, opset=opset)
    p, ini = params(4)
    good("bn_conv_nobias",
         [node("Conv", ["x", "w"], ["h"], kernel_shape=[3, 3]),
          node("BatchNormalization", ["h"] + names, ["y"])],
         x, ref_bn(F.conv2d(T(x), T(w)), p, 1e-5), [init("w", w)] + ini)


# ---- element-wise, shapes -----------------------------------------------------

def elementwise():
    x = rand(2, 3, 4, 5)
    good("relu", [node("Relu", ["x"], ["y"])], x, np.maximum(x, 0))
    good("clip_opset6", [node("Clip", ["x"], ["y"], min=-0.25, max=0.5)], x,
         x.clip(-0.25, 0.5), opset=6)
    good("clip_opset6_defaults", [node("Clip", ["x"], ["y"], min=0.0)], x,
         x.clip(0, None), opset=6)
    good("clip_opset11", [node("Clip", ["x", "lo", "hi"], ["y"])], x, x.clip(-0.25, 0.5),
         [init("lo", -0.25), init("hi", 0.5, raw=False)], opset=11)
    good("clip_opset11_only_max", [node("Clip", ["x", "", "hi"], ["y"])], x,
         x.clip(None, 0.5), [init("hi", 0.5)], opset=11)
    six = rand(2, 12) * 10
    good("clip_relu6_constants",
         [node("Constant", [], ["lo"], value=init("", 0.0)),
          node("Constant", [], ["hi"], value_float=6.0),
          node("Clip", ["x", "lo", "hi"], ["y"])], six, six.clip(0, 6))

    def soft(a, axis):
        e = np.exp(a.astype(np.float64) - a.max(axis, keepdims=True))
        return e / e.sum(axis, keepdims=True)
    flat = soft(x.reshape(2, 60), 1).reshape(x.shape)
    good("softmax_opset11_4d_axis1", [node("Softmax", ["x"], ["y"], axis=1)], x, flat, opset=11)
    good("softmax_opset11_4d_default", [node("Softmax", ["x"], ["y"])], x, flat, opset=11)
    good("softmax_opset11_2d", [node("Softmax", ["x"], ["y"], axis=1)], six, soft(six, 1),
         opset=11)
    good("softmax_opset13_4d_axis1", [node("Softmax", ["x"], ["y"], axis=1)], x, soft(x, 1))
    good("softmax_opset13_4d_default", [node("Softmax", ["x"], ["y"])], x, soft(x, 3))
    good("softmax_opset13_2d", [node("Softmax", ["x"], ["y"], axis=-1)], six, soft(six, 1))
    good("logsoftmax_opset11_2d", [node("LogSoftmax", ["x"], ["y"], axis=1)], six,
         np.log(soft(six, 1)), opset=11)
    good("logsoftmax_opset13_2d", [node("LogSoftmax", ["x"], ["y"], axis=1)], six,
         np.log(soft(six, 1)))

    c, s = rand(3, 1, 1), np.float32(0.75)
    good("add_channel", [node("Add", ["x", "c"], ["y"])], x, x + c, [init("c", c)])
    good("add_channel_left", [node("Add", ["c", "x"], ["y"])], x, x + c, [init("c", c)])
    good("add_scalar", [node("Add", ["x", "c"], ["y"])], x, x + s, [init("c", s)])
    good("add_opset6_broadcast_axis1",
         [node("Add", ["x", "c"], ["y"], broadcast=1, axis=1)], x, x + c,
         [init("c", c.ravel())], opset=6)
    good("add_opset6_broadcast_suffix", [node("Add", ["x", "c"], ["y"], broadcast=1)], x,
         x + c.ravel()[0:1], [init("c", c.ravel()[0:1])], opset=6)
    other = rand(2, 3, 4, 5)
    good("add_two_inputs", [node("Add", ["x0", "x1"], ["y"])], [x, other], x + other)
    good("add_residual", [node("Relu", ["x"], ["h"]), node("Add", ["h", "x"], ["y"])], x,
         np.maximum(x, 0) + x)
    good("identity", [node("Identity", ["x"], ["h"]), node("Identity", ["h"], ["y"])], x, x)
    good("cast_float", [node("Cast", ["x"], ["y"], to=FLOAT)], x, x)
    good("cast_constant", [node("Cast", ["n"], ["c"], to=FLOAT), node("Add", ["x", "c"], ["y"])],
         x, x + np.float32(3), [init("n", 3, np.int64)])
    good("cast_constant_int32_field", [node("Cast", ["n"], ["c"], to=FLOAT),
                                       node("Add", ["x", "c"], ["y"])],
         x, x + np.arange(-2, 3).astype(np.float32),
         [init("n", np.arange(-2, 3), np.int32, raw=False)])
    good("dropout_opset6", [node("Dropout", ["x"], ["y"], is_test=1, ratio=0.5)], x, x, opset=6)
    good("dropout_opset7", [node("Dropout", ["x"], ["y"], ratio=0.5)], x, x, opset=7)
    good("dropout_opset12", [node("Dropout", ["x", "r"], ["y"])], x, x, [init("r", 0.5)],
         opset=12)
    good("dropout_opset12_training_false", [node("Dropout", ["x", "r", "t"], ["y", "mask"])],
         x, x, [init("r", 0.5), init("t", False, np.bool_)], opset=12)


def shapes():
    x = rand(2, 3, 4, 5)
    for axis, shape in ((0, (1, 120)), (1, (2, 60)), (2, (6, 20))):
        good("flatten_axis%d" % axis, [node("Flatten", ["x"], ["y"], axis=axis)], x,
             x.reshape(shape))
    good("flatten_default", [node("Flatten", ["x"], ["y"])], x, x.reshape(2, 60))
    good("flatten_axis_minus2", [node("Flatten", ["x"], ["y"], axis=-2)], x, x.reshape(6, 20))
    y = x.reshape(2, 3, 20)
    r = node("Reshape", ["x", "s"], ["y"])
    good("reshape_initializer_0_minus1", [r], x, y, [init("s", [0, 0, -1], np.int64)])
    good("reshape_initializer_int64_data", [r], x, y,
         [init("s", [0, 3, -1], np.int64, raw=False)])
    good("reshape_constant_node",
         [node("Constant", [], ["s"], value=init("", [0, -1], np.int64)), r], x,
         x.reshape(2, 60))
    good("reshape_constant_value_ints", [node("Constant", [], ["s"], value_ints=[0, -1, 5]), r],
         x, x.reshape(2, 12, 5))
    good("reshape_opset14_allowzero", [node("Reshape", ["x", "s"], ["y"], allowzero=1)], x,
         x.reshape(2, 60), [init("s", [2, -1], np.int64)], opset=14)
    good("reshape_opset1_attribute", [node("Reshape", ["x"], ["y"], shape=[0, -1, 5])], x,
         x.reshape(2, 12, 5), opset=1, ir=3)
    good("transpose_perm", [node("Transpose", ["x"], ["y"], perm=[0, 2, 3, 1])], x,
         x.transpose(0, 2, 3, 1))
    good("transpose_default", [node("Transpose", ["x"], ["y"])], x, x.T)


# ---- local functions -------------------------------------------------------------

def local_functions():
    x, w1, b1, w2 = rand(2, 6), rand(5, 6), rand(5), rand(4, 5)
    af = onnx.AttributeProto.FLOAT
    # h and the inputs' names also occur in the main graph, on purpose.
    scaled = function(
        "local", "ScaledRelu", ["x", "w", "b"], ["y"],
        [ref(node("Gemm", ["x", "w", "b"], ["h"], transB=1), "alpha", "scale", af),
         node("Relu", ["h"], ["y"])], attrs=["scale"], imports=[("", 13)])

    def lin(x, w, b, s):
        return np.maximum(s * (x @ w.T) + b, 0)
    b2 = rand(4)
    good("functions_ref_attr",
         [node("ScaledRelu", ["x", "w1", "b1"], ["h"], domain="local", scale=0.5),
          node("ScaledRelu", ["h", "w2", "b2"], ["y"], domain="local", scale=2.0)],
         x, lin(lin(x, w1, b1, 0.5), w2, b2, 2.0),
         [init("w1", w1), init("b1", b1), init("w2", w2), init("b2", b2)],
         ir=8, functions=[scaled], imports=[("local", 1)], check=False)

    # Two calls deep, the attribute handed on by reference and under another
    # name, and the inner function declared after its caller.
    block = function(
        "local", "Block", ["x", "w", "b"], ["y"],
        [node("Identity", ["x"], ["h"]),
         ref(node("ScaledRelu", ["h", "w", "b"], ["z"], domain="local"), "scale", "gain", af),
         node("Identity", ["z"], ["y"])], attrs=["gain"], imports=[("", 13), ("local", 1)])
    good("functions_nested",
         [node("Block", ["x", "w1", "b1"], ["h"], domain="local", gain=1.5),
          node("Block", ["h", "w2", "b2"], ["y"], domain="local", gain=0.25)],
         x, lin(lin(x, w1, b1, 1.5), w2, b2, 0.25),
         [init("w1", w1), init("b1", b1), init("w2", w2), init("b2", b2)],
         ir=8, functions=[block, scaled], imports=[("local", 1)], check=False)

    # An attribute with a default (IR version 9), an input that the caller
    # leaves out, and a constant inside of the function.
    conv = function(
        "local", "ConvFlat", ["x", "w", "b"], ["y"],
        [ref(node("Conv", ["x", "w", "b"], ["c"]), "strides", "stride",
             onnx.AttributeProto.INTS),
         node("Constant", [], ["shape"], value=init("", [0, -1], np.int64)),
         node("Reshape", ["c", "shape"], ["y"])],
        defaults={"stride": [2, 2]}, imports=[("", 13)])
    p, k = rand(1, 2, 6, 6), rand(3, 2, 3, 3)
    good("functions_default_attr",
         [node("ConvFlat", ["x", "w"], ["y"], domain="local")],
         p, F.conv2d(T(p), T(k), None, 2).reshape(1, -1), [init("w", k)],
         ir=9, functions=[conv], imports=[("local", 1)], check=False)
    good("functions_default_attr_overridden",
         [node("ConvFlat", ["x", "w", ""], ["y"], domain="local", stride=[1, 3])],
         p, F.conv2d(T(p), T(k), None, (1, 3)).reshape(1, -1), [init("w", k)],
         ir=9, functions=[conv], imports=[("local", 1)], check=False)


# ---- like torch's dynamo exporters --------------------------------------------------

def small_cnn():
    """Weights and the expected output of a small MNIST-like network."""
    p = {"conv1.weight": rand(4, 1, 3, 3), "conv1.bias": rand(4),
         "conv2.weight": rand(6, 4, 3, 3) / 3, "conv2.bias": rand(6),
         "fc1.weight": rand(10, 54) / 4, "fc1.bias": rand(10)}
    x = rand(2, 1, 10, 10)
    t = {k: T(v) for k, v in p.items()}
    h = F.relu(F.conv2d(T(x), t["conv1.weight"], t["conv1.bias"]))
    h = F.relu(F.conv2d(h, t["conv2.weight"], t["conv2.bias"]))
    h = F.max_pool2d(h, 2).flatten(1)
    h = F.log_softmax(F.linear(h, t["fc1.weight"], t["fc1.bias"]), 1)
    return x, p, h.numpy()


def dynamo():
    x, p, want = small_cnn()

    # torch >= 2.5, torch.onnx.export(..., dynamo=True): torch_lib is inlined,
    # nodes carry metadata_props.
    def meta(n, scope, aten):
        return metadata(
            n, namespace=": __main__.Net/%s: %s" % (scope, aten),
            pkg__torch__onnx__class_hierarchy="['__main__.Net', '%s']" % aten,
            pkg__torch__onnx__fx_node="%%%s : [num_users=1] = call_function" % n.output[0],
            pkg__torch__onnx__name_scopes="['', '%s']" % scope)
    conv = dict(group=1, pads=[0, 0, 0, 0], auto_pad="NOTSET", strides=[1, 1],
                dilations=[1, 1])
    nodes = [
        meta(node("Conv", ["x", "conv1.weight", "conv1.bias"], ["conv2d"],
                  "node_conv2d", **conv), "conv1", "aten.conv2d.default"),
        meta(node("Relu", ["conv2d"], ["relu"], "node_relu"), "relu", "aten.relu.default"),
        meta(node("Conv", ["relu", "conv2.weight", "conv2.bias"], ["conv2d_1"],
                  "node_conv2d_1", **conv), "conv2", "aten.conv2d.default"),
        meta(node("Relu", ["conv2d_1"], ["relu_1"], "node_relu_1"), "relu_1",
             "aten.relu.default"),
        meta(node("MaxPool", ["relu_1"], ["max_pool2d"], "node_max_pool2d", storage_order=0,
                  dilations=[1, 1], ceil_mode=0, pads=[0, 0, 0, 0], auto_pad="NOTSET",
                  strides=[2, 2], kernel_shape=[2, 2]), "", "aten.max_pool2d.default"),
        meta(node("Reshape", ["max_pool2d", "val_3"], ["view"], "node_view", allowzero=1),
             "", "aten.view.default"),
        meta(node("Gemm", ["view", "fc1.weight", "fc1.bias"], ["linear"], "node_linear",
                  beta=1.0, transB=1, alpha=1.0, transA=0), "fc1", "aten.linear.default"),
        meta(node("LogSoftmax", ["linear"], ["log_softmax"], "node_log_softmax", axis=1),
             "", "aten.log_softmax.int"),
    ]
    inits = [init(k, v) for k, v in p.items()] + [init("val_3", [2, 54], np.int64)]
    m = build("main_graph", nodes, [info("x", x.shape)], [info("log_softmax", want.shape)],
              inits, opset=18, ir=10, producer="pytorch", version="2.6.0")
    finish("dynamo_inlined", m, [x], want)

    # torch 2.1 to 2.4, torch.onnx.dynamo_export: every aten operator is a
    # call of a local function.
    lib, common = "pkg.onnxscript.torch_lib", "pkg.onnxscript.torch_lib.common"
    i = onnx.AttributeProto.INT
    fs = [
        function(lib, "aten_view", ["self", "size"], ["return_val"],
                 [node("Cast", ["size"], ["size_0"], "n0", to=INT64),
                  node("Reshape", ["self", "size_0"], ["return_val"], "n1")]),
        function(lib, "aten_relu", ["self"], ["return_val"],
                 [node("Relu", ["self"], ["return_val"], "n0")]),
        function(lib, "aten_t", ["self"], ["return_val"],
                 [node("Transpose", ["self"], ["return_val"], "n0", perm=[1, 0])]),
        function(lib, "aten_addmm", ["self", "mat1", "mat2"], ["return_val"],
                 [ref(ref(node("Gemm", ["mat1", "mat2", "self"], ["return_val"], "n0"),
                          "alpha", "alpha", onnx.AttributeProto.FLOAT),
                      "beta", "beta", onnx.AttributeProto.FLOAT)],
                 defaults={"alpha": 1.0, "beta": 1.0}),
        function(lib, "_aten_convolution_onnx", ["input", "weight", "bias"], ["result"],
                 [ref(ref(ref(node("Conv", ["input", "weight", "bias"], ["result"], "n0",
                                   group=1), "strides", "strides", onnx.AttributeProto.INTS),
                          "pads", "pads", onnx.AttributeProto.INTS),
                      "dilations", "dilations", onnx.AttributeProto.INTS)],
                 attrs=["strides", "pads", "dilations"]),
        function(lib, "aten_max_pool2d", ["self"], ["return_val"],
                 [ref(ref(node("MaxPool", ["self"], ["return_val"], "n0"), "kernel_shape",
                          "kernel_size", onnx.AttributeProto.INTS),
                      "strides", "stride", onnx.AttributeProto.INTS)],
                 attrs=["kernel_size", "stride"]),
        function(common, "Keep", ["input"], ["output"],
                 [node("Identity", ["input"], ["output"], "n0")],
                 imports=[("", 18)]),
        function(lib, "aten_log_softmax", ["self"], ["result"],
                 [ref(node("LogSoftmax", ["self"], ["r"], "n0"), "axis", "dim", i),
                  node("Keep", ["r"], ["result"], "n1", domain=common)],
                 attrs=["dim"], imports=[("", 18), (common, 1)]),
        # A module of the user, which calls the operators' functions.
        function("pkg.__main__", "torch_nn_modules_conv_Conv2d_conv1_1",
                 ["x", "conv1.weight", "conv1.bias"], ["convolution"],
                 [node("_aten_convolution_onnx", ["x", "conv1.weight", "conv1.bias"],
                       ["convolution"], domain=lib, strides=[1, 1], pads=[0, 0, 0, 0],
                       dilations=[1, 1])], imports=[("", 18), (lib, 1)]),
    ]
    nodes = [
        node("torch_nn_modules_conv_Conv2d_conv1_1", ["x", "conv1.weight", "conv1.bias"],
             ["conv1_1"], domain="pkg.__main__"),
        node("aten_relu", ["conv1_1"], ["relu"], domain=lib),
        node("torch_nn_modules_conv_Conv2d_conv1_1", ["relu", "conv2.weight", "conv2.bias"],
             ["conv2_1"], domain="pkg.__main__"),
        node("aten_relu", ["conv2_1"], ["relu_1"], domain=lib),
        node("aten_max_pool2d", ["relu_1"], ["max_pool2d"], domain=lib,
             kernel_size=[2, 2], stride=[2, 2]),
        node("Constant", [], ["_val_8"], value=init("", [2, 54], np.int32)),
        node("aten_view", ["max_pool2d", "_val_8"], ["view"], domain=lib),
        node("aten_t", ["fc1.weight"], ["t"], domain=lib),
        node("aten_addmm", ["fc1.bias", "view", "t"], ["addmm"], domain=lib),
        node("aten_log_softmax", ["addmm"], ["log_softmax"], domain=lib, dim=1),
    ]
    for n in nodes:
        if n.domain == lib:
            meta(n, n.output[0], n.op_type)
    m = build("main_graph", nodes, [info("x", x.shape)], [info("log_softmax", want.shape)],
              inits[:-1], opset=18, ir=10, producer="pytorch", version="2.4.0", functions=fs,
              imports=[(lib, 1), (common, 1), ("pkg.__main__", 1)])
    finish("dynamo_torchlib_functions", m, [x], want)


# ---- external data -----------------------------------------------------------------

def external(name, shape, dtype=FLOAT, **keys):
    t = TensorProto(name=name, data_type=dtype, dims=shape,
                    data_location=TensorProto.EXTERNAL)
    for k, v in keys.items():
        t.external_data.add(key=k, value=str(v))
    return t


def external_good():
    x, w, b, w2 = rand(2, 6), rand(5, 6), rand(5), rand(3, 5)
    # 64 bytes of something else first; b begins at an odd multiple of 4; w2
    # has no length and reaches to the end of the file.
    blob = b"\xee" * 64 + w.tobytes() + b"\xee" * 4 + b.tobytes()
    ob = 64 + w.nbytes + 4
    blob += b"\xee" * (-len(blob) % 64)
    o2 = len(blob)
    blob += w2.tobytes()
    write("ext/weights.bin", blob)
    f = "weights.bin"
    m = build("ext", [node("Gemm", ["x", "w", "b"], ["h"], transB=1),
                      node("Relu", ["h"], ["r"]),
                      node("Gemm", ["r", "w2"], ["y"], transB=1)],
              [info("x", x.shape)], [info("y", (2, 3))],
              [external("w", w.shape, location=f, offset=64, length=w.nbytes),
               external("b", b.shape, location=f, offset=ob, length=b.nbytes),
               external("w2", w2.shape, location=f, offset=o2)])
    finish("ext/model", m, [x], (np.maximum(x @ w.T + b, 0) @ w2.T).astype(np.float32))


# ---- models to be refused ------------------------------------------------------------

def bad_models():
    def gemm_with(w):
        return build("bad", [node("Gemm", ["x", "w"], ["y"])], [info("x", (2, 4))],
                     [info("y", (2, 4))], [w])

    def ext(name, **keys):
        bad(name, gemm_with(external("w", (4, 4), **keys)))

    write("bad/short.bin", np.zeros(8, np.float32).tobytes())
    ext("ext_dotdot", location="../ext/weights.bin", offset=0, length=64)  # it exists
    ext("ext_dotdot_inside", location="sub/../../ext/weights.bin", offset=0, length=64)
    ext("ext_absolute", location="/etc/passwd", offset=0, length=64)
    ext("ext_missing_file", location="nowhere.bin", offset=0, length=64)
    ext("ext_past_end", location="short.bin", offset=0, length=64)
    ext("ext_offset_past_end", location="short.bin", offset=4096, length=64)
    ext("ext_offset_overflow", location="short.bin", offset=2**63 - 8, length=64)
    ext("ext_negative_offset", location="short.bin", offset=-8, length=64)
    ext("ext_wrong_length", location="short.bin", offset=0, length=32)
    ext("ext_no_location", offset=0, length=64)
    ext("ext_is_directory", location=".", offset=0, length=64)

    bad("unsupported_ops", build(
        "bad", [node("NonMaxSuppression", ["boxes", "scores"], ["sel"], "nms"),
                node("Foo", ["x"], ["f"], "custom", domain="com.example"),
                node("LSTM", ["x", "w", "r"], ["y"], "lstm", hidden_size=4)],
        [info("x", (1, 2, 4)), info("boxes", (1, 5, 4)), info("scores", (1, 1, 5))],
        [info("y", (1, 1, 2, 4))], [init("w", rand(1, 16, 4)), init("r", rand(1, 16, 4))],
        opset=14, imports=[("com.example", 1)]))

    def tensor(dims, floats=(), raw=None):
        t = TensorProto(name="w", data_type=FLOAT, dims=dims)
        if raw is None:
            t.float_data.extend(floats)
        else:
            t.raw_data = raw
        return t
    bad("tensor_size_float_data", gemm_with(tensor([4, 4], [1.0] * 8)))
    bad("tensor_size_raw_data", gemm_with(tensor([4, 4], raw=bytes(32))))
    bad("tensor_size_raw_odd", gemm_with(tensor([4, 4], raw=bytes(63))))
    bad("tensor_no_data", gemm_with(tensor([4, 4])))
    bad("dims_negative", gemm_with(tensor([-4, -4], [1.0] * 16)))
    bad("dims_overflow", gemm_with(tensor([2**40, 2**40], [1.0] * 16)))
    # 2^62 * 4 * 4 is 0 modulo 2^64.
    bad("dims_overflow_to_zero", gemm_with(tensor([2**62, 4, 4])))
    bad("dims_huge", gemm_with(tensor([2**30, 2**30], [1.0] * 16)))
    t = tensor([4, 4], [1.0] * 16)
    t.data_type = 99
    bad("tensor_unknown_type", gemm_with(t))

    xy = [info("x", (2, 4))], [info("y", (2, 4))]
    bad("cycle", build("bad", [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]),
                               node("Relu", ["b"], ["y"])], *xy))
    bad("cycle_self", build("bad", [node("Add", ["x", "y"], ["y"])], *xy))
    bad("dangling_input", build("bad", [node("Add", ["x", "nobody"], ["y"])], *xy))
    bad("output_not_produced", build("bad", [node("Relu", ["x"], ["z"])], *xy))
    bad("output_twice", build("bad", [node("Relu", ["x"], ["y"]),
                                      node("Identity", ["x"], ["y"])], *xy))
    bad("no_opset", _without_opset(build("bad", [node("Relu", ["x"], ["y"])], *xy)))
    bad("no_graph", onnx.ModelProto(ir_version=7))
    bad("input_dim_negative", build("bad", [node("Relu", ["x"], ["y"])],
                                    [info("x", (2, -4))], [info("y", (2, 4))]))
    bad("shape_mismatch", build("bad", [node("Gemm", ["x", "w"], ["y"])], *xy,
                                [init("w", rand(5, 4))]))
    bad("attribute_wrong_type", build(
        "bad", [node("Flatten", ["x"], ["y"], axis="one")], *xy))

    f = function("local", "F", ["a"], ["b"], [node("F", ["a"], ["b"], domain="local")],
                 imports=[("", 13), ("local", 1)])
    call = [node("F", ["x"], ["y"], domain="local")]
    bad("function_recursive", build("bad", call, *xy, ir=8, functions=[f],
                                    imports=[("local", 1)]))
    # 2^40 nodes when inlined.
    fs = [function("local", "F%d" % i, ["a"], ["b"],
                   [node("F%d" % (i + 1), ["a"], ["m"], domain="local"),
                    node("F%d" % (i + 1), ["m"], ["b"], domain="local")],
                   imports=[("", 13), ("local", 1)]) for i in range(40)]
    fs.append(function("local", "F40", ["a"], ["b"], [node("Relu", ["a"], ["b"])],
                       imports=[("", 13)]))
    bad("function_explosion", build("bad", [node("F0", ["x"], ["y"], domain="local")], *xy,
                                    ir=8, functions=fs, imports=[("local", 1)]))
    bad("function_missing", build("bad", call, *xy, ir=8, imports=[("local", 1)]))

    whole = gemm_with(init("w", rand(4, 4))).SerializeToString()
    bad("truncated", whole[:len(whole) // 2])
    bad("empty", b"")
    bad("not_protobuf", b"This is a text, not an ONNX model.\n" * 4)
    # A length-delimited field that claims 2^63 bytes.
    bad("length_overflow", whole + b"\x3a" + b"\xff" * 8 + b"\x7f")


def activations():
    x = rand(2, 3, 4, 5) * 6
    wide = x.astype(np.float64)

    def one(name, op, y, inits=(), opset=14, inputs=("x",), **attrs):
        good(name, [node(op, list(inputs), ["y"], **attrs)], x, y, inits, opset=opset)

    one("sigmoid", "Sigmoid", 1 / (1 + np.exp(-wide)))
    one("tanh", "Tanh", np.tanh(wide))
    one("hardswish", "HardSwish", wide * (wide / 6 + 0.5).clip(0, 1))
    one("hardsigmoid", "HardSigmoid", (0.2 * wide + 0.5).clip(0, 1))
    one("hardsigmoid_opset6", "HardSigmoid", (0.1 * wide + 0.3).clip(0, 1), opset=6,
        alpha=0.1, beta=0.3)
    one("leakyrelu", "LeakyRelu", np.where(wide < 0, 0.01 * wide, wide))
    one("leakyrelu_alpha", "LeakyRelu", np.where(wide < 0, 0.3 * wide, wide), alpha=0.3)
    one("neg", "Neg", -x)
    c = (rand(3, 1, 1) + np.float32(2)).astype(np.float32)
    channel = [init("c", c)]
    prelu = np.where(x < 0, c * x, x)
    one("prelu_channel", "PRelu", prelu, channel, inputs=("x", "c"))
    one("prelu_opset6_channel", "PRelu", prelu, [init("c", c.ravel())], 6, ("x", "c"))
    one("sub_channel", "Sub", x - c, channel, inputs=("x", "c"))
    one("sub_channel_left", "Sub", c - x, channel, inputs=("c", "x"))
    one("sub_opset6_broadcast_axis1", "Sub", x - c, [init("c", c.ravel())], 6, ("x", "c"),
        broadcast=1, axis=1)
    one("div_channel", "Div", x / c, channel, inputs=("x", "c"))
    good("div_two_inputs", [node("Div", ["x0", "x1"], ["y"])], [x, c], x / c)


def _without_opset(m):
    del m.opset_import[:]
    return m


if __name__ == "__main__":
    gemm()
    conv()
    pools()
    batchnorm()
    elementwise()
    shapes()
    local_functions()
    dynamo()
    external_good()
    bad_models()
    activations()  # after all others, whose random numbers stay what they are
