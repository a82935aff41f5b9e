#!/usr/bin/env python3
"""Write the networks and data of the anomaly and regression tasks.

    python3 testdata/gen/tasks.py [OUTPUT_DIR]     # testdata/tasks

Both networks are fitted in closed form with numpy: an autoencoder from the
principal components of sine waves, and a layer of random ReLU features with a
least-squares readout. Needs python3-onnx and python3-numpy. Seeded.
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper as oh, numpy_helper

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "tasks")
RNG = np.random.default_rng(23)


def save(name, value):
    np.save(os.path.join(OUT, name + ".npy"), value)


def write(name, inputs, outputs, layers):
    """layers: (weight [in, out], bias [out], relu)."""
    nodes, consts, x = [], [], "input"
    for i, (w, b, relu) in enumerate(layers):
        y = "output" if i + 1 == len(layers) else "layer%d" % i
        consts += [numpy_helper.from_array(w.astype(np.float32), "w%d" % i),
                   numpy_helper.from_array(b.astype(np.float32), "b%d" % i)]
        z = y + "_sum" if relu else y
        nodes.append(oh.make_node("Gemm", [x, "w%d" % i, "b%d" % i], [z], name="fc%d" % i))
        if relu:
            nodes.append(oh.make_node("Relu", [z], [y], name="relu%d" % i))
        x = y
    f = TensorProto.FLOAT
    graph = oh.make_graph(nodes, name, [oh.make_tensor_value_info("input", f, [1, inputs])],
                          [oh.make_tensor_value_info("output", f, [1, outputs])], consts)
    model = oh.make_model(graph, opset_imports=[oh.make_opsetid("", 13)], producer_name="edgerun testdata")
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(OUT, name + ".onnx"))


def waves(n, size=16):
    """Normal samples: a wave of two fixed frequencies with random phases and sizes, and a little noise."""
    t = np.arange(size) / size
    x = np.zeros((n, size))
    for frequency in (1, 3):
        phase = RNG.uniform(0, 2 * np.pi, (n, 1))
        x += RNG.uniform(0.5, 1.5, (n, 1)) * np.sin(2 * np.pi * frequency * t + phase)
    return x + RNG.normal(0, 0.05, x.shape)


def anomaly():
    train = waves(2000)
    mean = train.mean(0)
    _, _, v = np.linalg.svd(train - mean, full_matrices=False)
    v = v[:4].T
    write("anomaly", 16, 16, [(v, -mean @ v, False), (v.T, mean, False)])
    save("anomaly_calib", waves(256).astype(np.float32))
    odd = waves(60)
    for x in odd:  # a spike of random place and height: some are too small to see
        x[RNG.integers(16)] += RNG.choice([-1, 1]) * RNG.uniform(0.1, 1.5)
    x = np.concatenate([waves(240), odd])
    y = np.repeat([0, 1], [240, 60])
    order = RNG.permutation(len(x))
    save("anomaly_x", x[order].astype(np.float32))
    save("anomaly_y", y[order].astype(np.uint8))


SCALE, OFFSET = np.array([12.5, 40]), np.array([20, 1000])


def truth(x):
    """A temperature in degrees and a pressure in hPa of three made-up readings."""
    t = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2]
    p = np.abs(x[:, 1]) - 0.8 * x[:, 0] * x[:, 2]
    return np.stack([t, p], 1) * SCALE + OFFSET


def regress():
    draw = lambda n: RNG.uniform(-1, 1, (n, 3))
    x = draw(4000)
    w, b = RNG.normal(0, 1.5, (3, 48)), RNG.uniform(-1.5, 1.5, 48)
    features = lambda x: np.maximum(x @ w + b, 0)
    a = np.concatenate([features(x), np.ones((len(x), 1))], 1)
    fit = np.linalg.solve(a.T @ a + 0.1 * np.eye(49), a.T @ ((truth(x) - OFFSET) / SCALE))
    write("regress", 3, 2, [(w, b, True), (fit[:-1], fit[-1], False)])
    save("regress_calib", draw(256).astype(np.float32))
    x = draw(300)
    save("regress_x", x.astype(np.float32))
    save("regress_y", (truth(x)).astype(np.float32))


os.makedirs(OUT, exist_ok=True)
anomaly()
regress()
