#!/usr/bin/env python3
"""Write the ONNX models that move, reduce and spread elements.

    python3 testdata/gen/move_fixtures.py [OUTPUT_DIR]     # testdata/onnx

Files are as onnx_fixtures.py describes them; expected outputs come from numpy
and torch. The torch_* models are exports by PyTorch of small networks with
random weights: they bring the shape arithmetic along that exporters write.
"""

import os
import warnings

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

import onnx_fixtures as fx
from onnx_fixtures import T, good, init, node

RNG = np.random.default_rng(12)


def rand(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def ints(name, *v):
    return init(name, np.array(v), np.int64)


def joins_and_slices():
    x = rand(2, 6, 4, 5)
    good("concat_channels", [node("Relu", ["x"], ["r"]), node("Concat", ["x", "r", "c"], ["y"], axis=1)], x,
         np.concatenate([x, np.maximum(x, 0), np.ones((2, 2, 4, 5), np.float32)], 1),
         [init("c", np.ones((2, 2, 4, 5)))])
    good("concat_negative_axis", [node("Concat", ["x", "x"], ["y"], axis=-1)], x, np.concatenate([x, x], -1))
    for name, opset, sizes in [("opset11", 11, {"split": [1, 5]}), ("opset13", 13, None)]:
        inits = [] if sizes else [ints("s", 1, 5)]
        good("split_" + name, [node("Split", ["x"] + ([] if sizes else ["s"]), ["a", "b"], axis=1, **(sizes or {})),
                               node("Concat", ["b", "a"], ["y"], axis=1)], x,
             np.concatenate([x[:, 1:], x[:, :1]], 1), inits, opset=opset)
    good("split_equal", [node("Split", ["x"], ["a", "b", "c"], axis=-3), node("Add", ["a", "c"], ["y"])], x,
         x[:, :2] + x[:, 4:])
    good("slice_opset9", [node("Slice", ["x"], ["y"], starts=[1, -3], ends=[2**31 - 1, -1], axes=[1, 3])], x,
         x[:, 1:, :, -3:-1], opset=9)
    good("slice_opset13_steps", [node("Slice", ["x", "s", "e", "a", "t"], ["y"])], x, x[:, ::-1, :, 1::2],
         [ints("s", -1, 1), ints("e", -2**63, 2**63 - 1), ints("a", 1, -1), ints("t", -1, 2)])
    good("gather_one", [node("Gather", ["x", "i"], ["y"], axis=2)], x, x[:, :, -1], [init("i", -1, np.int64)])
    p = [(0, 0), (1, 0), (2, 1), (0, 3)]
    flat = [a for a, _ in p] + [b for _, b in p]
    good("pad_opset2", [node("Pad", ["x"], ["y"], pads=flat, value=1.5)], x,
         np.pad(x, p, constant_values=1.5), opset=2)
    good("pad_constant", [node("Pad", ["x", "p", "v"], ["y"])], x, np.pad(x, p, constant_values=-0.5),
         [ints("p", *flat), init("v", -0.5)])
    good("pad_reflect", [node("Pad", ["x", "p"], ["y"], mode="reflect")], x, np.pad(x, p, "reflect"), [ints("p", *flat)])
    good("pad_edge", [node("Pad", ["x", "p"], ["y"], mode="edge")], x, np.pad(x, p, "edge"), [ints("p", *flat)])
    good("pad_then_conv", [node("Pad", ["x", "p"], ["h"]), node("Conv", ["h", "w"], ["y"])], x,
         F.conv2d(T(x), torch.ones(1, 6, 3, 3), padding=1), [ints("p", 0, 0, 1, 1, 0, 0, 1, 1), init("w", np.ones((1, 6, 3, 3)))])
    good("reducemean_hw", [node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0)], x, x.mean((2, 3)))
    good("reducemean_keepdims", [node("ReduceMean", ["x"], ["y"], axes=[-1, 1])], x, x.mean((1, 3), keepdims=True))
    good("reducemean_all", [node("ReduceMean", ["x"], ["y"])], x, x.mean(keepdims=True))


def resizes():
    x = rand(1, 2, 4, 5)
    t = T(x)
    scales = init("s", [1, 1, 2, 3])
    good("upsample_opset7", [node("Upsample", ["x"], ["y"], mode="nearest", scales=[1.0, 1.0, 2.0, 3.0])], x,
         F.interpolate(t, scale_factor=(2, 3), mode="nearest"), opset=7)
    good("upsample_opset9", [node("Upsample", ["x", "s"], ["y"], mode="nearest")], x,
         F.interpolate(t, scale_factor=(2, 3), mode="nearest"), [scales], opset=9)
    good("resize_opset10", [node("Resize", ["x", "s"], ["y"], mode="nearest")], x,
         F.interpolate(t, scale_factor=(2, 3), mode="nearest"), [scales], opset=10)
    none = init("none", [])
    for name, size, attrs, want in [
        ("nearest", (7, 3), dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
         F.interpolate(t, (7, 3), mode="nearest")),
        ("half_pixel", (7, 9), dict(mode="linear"), F.interpolate(t, (7, 9), mode="bilinear")),
        ("pytorch_half_pixel", (9, 1), dict(mode="linear", coordinate_transformation_mode="pytorch_half_pixel"), None),
        ("align_corners", (7, 9), dict(mode="linear", coordinate_transformation_mode="align_corners"),
         F.interpolate(t, (7, 9), mode="bilinear", align_corners=True)),
    ]:
        if want is None:
            # One output: ONNX's formula reads the first column, torch the middle.
            want = F.interpolate(t[..., :1], (9, 1), mode="bilinear")
        good("resize_" + name, [node("Resize", ["x", "none", "none", "z"], ["y"], **attrs)], x, want,
             [none, ints("z", 1, 2, *size)], opset=11)
    y = rand(1, 3, 6)
    good("resize_1d", [node("Resize", ["x", "none", "s"], ["y"], mode="linear")], y,
         F.interpolate(T(y), 12, mode="linear"), [none, init("s", [1, 1, 2])], opset=13)


def transposed():
    def one(name, shape, w, b, **kw):
        x = rand(*shape)
        attrs = {"strides": kw.get("stride"), "pads": kw.get("padding"), "dilations": kw.get("dilation"),
                 "output_padding": kw.get("output_padding"), "group": kw.get("groups")}
        attrs = {k: v for k, v in attrs.items() if v is not None}
        if "pads" in attrs:
            attrs["pads"] = list(attrs["pads"]) * 2
        f = F.conv_transpose1d if len(shape) == 3 else F.conv_transpose2d
        want = f(T(x), T(w), None if b is None else T(b), **kw)
        good("convtranspose_" + name, [node("ConvTranspose", ["x", "w"] + ([] if b is None else ["b"]), ["y"], **attrs)],
             x, want, [init("w", w)] + ([] if b is None else [init("b", b)]))
        return x, w

    one("2x2", (1, 3, 4, 5), rand(3, 4, 2, 2), rand(4), stride=(2, 2))
    one("padded", (2, 3, 4, 5), rand(3, 4, 3, 4), rand(4), stride=(2, 3), padding=(1, 2), output_padding=(1, 0))
    one("dilated", (1, 3, 4, 5), rand(3, 2, 3, 2), None, stride=(3, 2), dilation=(2, 3))
    one("grouped", (1, 4, 3, 3), rand(4, 3, 3, 3), rand(6), stride=(2, 2), padding=(1, 1), groups=2)
    one("1d", (2, 3, 9), rand(3, 4, 4), rand(4), stride=(2,), padding=(1,))
    x, w = rand(1, 2, 3, 3), rand(2, 2, 3, 3)
    full = F.conv_transpose2d(T(x), T(w), stride=2)  # 7x7
    good("convtranspose_same_upper", [node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], auto_pad="SAME_UPPER")],
         x, full[:, :, :6, :6], [init("w", w)])
    good("convtranspose_same_lower", [node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], auto_pad="SAME_LOWER")],
         x, full[:, :, 1:, 1:], [init("w", w)])
    good("convtranspose_output_shape", [node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], output_shape=[5, 8])],
         x, F.pad(full, (0, 1))[:, :, 1:6], [init("w", w)], check=False)


# ---- exports by PyTorch ------------------------------------------------------

class Fire(nn.Module):
    def __init__(self, i, squeeze, expand):
        super().__init__()
        self.s, self.a, self.b = nn.Conv2d(i, squeeze, 1), nn.Conv2d(squeeze, expand, 1), nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.s(x))
        return torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1)


class SqueezeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
                                      Fire(8, 4, 6), Fire(12, 4, 6))
        self.classes = nn.Conv2d(12, 5, 1)

    def forward(self, x):
        return F.relu(self.classes(self.features(x))).mean((2, 3))


def layer(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class UNet(nn.Module):
    """Goes up once by a transposed convolution, once by interpolation to the size of the skip connection."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = layer(3, 4), layer(4, 6), layer(6, 8)
        self.up, self.norm = nn.ConvTranspose2d(8, 6, 2, stride=2), nn.BatchNorm2d(6)
        self.d, self.e, self.out = layer(12, 6), layer(10, 4), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(F.max_pool2d(a, 2))
        c = self.c(F.max_pool2d(b, 2))
        u = self.d(torch.cat([b, F.relu(self.norm(self.up(c)))], 1))
        u = F.interpolate(u, size=a.shape[2:], mode="bilinear", align_corners=False)
        return self.out(self.e(torch.cat([a, u], 1)))


class ShuffleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.fc = layer(3, 8), nn.Linear(8, 5)
        self.a, self.b = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1)

    def unit(self, x, branch):
        a, b = x.chunk(2, 1)
        x = torch.cat([a, F.relu(branch(b))], 1)
        n, c, h, w = x.size()
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)

    def forward(self, x):
        return self.fc(self.unit(self.unit(self.first(x), self.a), self.b).mean([2, 3]))


class TCN(nn.Module):
    """One dimension, padded on the left only."""

    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv1d(4, 6, 5, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2))
        self.b, self.c = nn.Conv1d(6, 6, 3, dilation=2), nn.Conv1d(6, 6, 1)
        self.t, self.pool, self.fc = nn.ConvTranspose1d(12, 6, 4, stride=2, padding=1), nn.AdaptiveAvgPool1d(1), nn.Linear(6, 3)

    def forward(self, x):
        x = self.a(x)
        y = self.c(F.relu(self.b(F.pad(x, (4, 0))))) + x
        return self.fc(self.pool(F.relu(self.t(torch.cat([x, y], 1))))[:, :, 0])


def exports():
    torch.manual_seed(3)
    for name, net, shape, opset in [
        ("torch_squeezenet", SqueezeNet(), (1, 3, 21, 21), 9),
        ("torch_unet", UNet(), (1, 3, 8, 12), 11),
        ("torch_shufflenet", ShuffleNet(), (1, 3, 8, 6), 13),
        ("torch_tcn", TCN(), (1, 4, 24), 16),
    ]:
        for m in net.modules():
            if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
                m.running_mean.normal_(0, 0.3)
                m.running_var.uniform_(0.5, 2)
                m.weight.data.uniform_(0.5, 1.5)
                m.bias.data.normal_(0, 0.3)
        net.eval()
        x = torch.randn(shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(net, x, fx.path(name + ".onnx"), opset_version=opset, input_names=["x"], output_names=["y"],
                              dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})
        assert os.path.getsize(fx.path(name + ".onnx")) < 20000, name
        np.save(fx.path(name + ".in.npy"), x.numpy())
        np.save(fx.path(name + ".out.npy"), net(x).detach().numpy())


if __name__ == "__main__":
    joins_and_slices()
    resizes()
    transposed()
    exports()
