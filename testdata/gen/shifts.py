#!/usr/bin/env python3
"""Move the committed networks to data that they were not made for, in PyTorch: what tuning can reach.

    python3 testdata/gen/shifts.py --mnist DIR --out OUT     # not into the repository

    digits     drawn from fonts -> handwriting: MNIST's t10k files in DIR
    gestures   a sensor on the wrist -> worn on the inner side of it, upside down
    keywords   -> voices never heard, a noisy room (needs espeak-ng, and Go or --edgerun)

For each shift OUT/SHIFT gets arrays with labels (NAME_x.npy, NAME_y.npy): learn,
to learn from; test, of the same kind; replay, a few of what the network was made
from; old, of that kind too, to see what is forgotten.

The networks are read from their ONNX files. Each is trained in float32 with all
combinations of layers, with and without replay, in the order of samples and
with the hyper-parameters of `edgerun finetune --seed 1 --hold-out 0`, and
OUT/SHIFT/torch.json gets the accuracies: the ceiling for the int8 file that edgerun
tunes.
"""

import argparse
import gzip
import json
import math
import os
import subprocess
import tempfile

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import numpy_helper
from torch.nn.utils.fusion import fuse_conv_bn_eval

import gestures
import keywords
import nets
import speech
from finetune_torch import Random

HERE = os.path.dirname(os.path.abspath(__file__))
RATE, REPLAY_RATE, BATCH, SEED = 0.003, 0.001, 16, 1


# ---- networks ------------------------------------------------------------

def weights(name):
    graph = onnx.load(os.path.join(HERE, "..", name + ".onnx")).graph
    return {i.name.replace("_half", ""): torch.from_numpy(numpy_helper.to_array(i).astype(np.float32)) for i in graph.initializer}


def plain(net, name):
    net.load_state_dict(weights(name), strict=False)
    return net.eval()


class Recurrent(nn.Module):
    """One layer; ONNX keeps update, reset and new gates in this order, PyTorch has reset first."""

    def __init__(self, w, r, b):
        super().__init__()
        swap = lambda w: torch.cat([w[40:80], w[:40], w[80:]])
        self.gru = nn.GRU(w.shape[2], 40, batch_first=True)
        self.gru.load_state_dict({"weight_ih_l0": swap(w[0]), "weight_hh_l0": swap(r[0]), "bias_ih_l0": swap(b[0, :120]), "bias_hh_l0": swap(b[0, 120:])})

    def forward(self, x):
        return self.gru(x)[0]


class Last(nn.Module):
    def forward(self, x):
        return x[:, -1]


# Each network is a list of stages, each with one layer that has weights.

def mlp():
    net = plain(nets.Mlp(), "digits/mlp")
    return [nn.Sequential(nn.Flatten(), net.fc1), nn.Sequential(nn.ReLU(), net.fc2)]


def cnn():
    net = plain(nets.Net(), "digits/cnn")
    return [net.conv1, nn.Sequential(nn.ReLU(), net.conv2), nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), net.fc1),
            nn.Sequential(nn.ReLU(), net.fc2)]


def gru():
    w = weights("gestures/gru")
    groups = [w[k] for k in sorted(w) if k.startswith("onnx::GRU")]
    head = nn.Linear(40, 8)
    head.load_state_dict({"weight": w["head.weight"], "bias": w["head.bias"]})
    return [Recurrent(*groups[:3]), Recurrent(*groups[3:]), nn.Sequential(Last(), head)]


def dscnn():
    net = plain(nets.DSCNN(11), "keywords/dscnn")
    f = net.features
    stages = [nn.Sequential(fuse_conv_bn_eval(f[i], f[i + 1]), f[i + 2]) for i in range(0, len(f), 3)]
    return stages + [nn.Sequential(net.pool, nn.Flatten(), net.head)]


# ---- training ------------------------------------------------------------

def shuffle(x, r):
    for i in range(len(x) - 1, 0, -1):
        j = r.next() % (i + 1)
        x[i], x[j] = x[j], x[i]


def without_tenth(y):
    """Numbers of all samples but a tenth of each class: edgerun keeps those for its gate."""
    r, some = Random(SEED), []
    for c in np.unique(y):
        x = [int(i) for i in np.flatnonzero(y == c)]
        shuffle(x, r)
        some += x[max(int(math.floor(0.1 * len(x) + 0.5)), 1):]
    return sorted(some)


def run(stages, x):
    with torch.no_grad():
        return torch.cat([nn.Sequential(*stages)(x[i:i + 256]) for i in range(0, len(x), 256)])


def train(stages, last, biases, x, y, epochs, rate):
    x, tail = run(stages[:-last], x), nn.Sequential(*stages[-last:])
    some = [p for name, p in tail.named_parameters() if not biases or "bias" in name]
    how = torch.optim.Adam(some, lr=rate)
    order, r = list(range(len(x))), Random(SEED)
    steps = (len(x) + BATCH - 1) // BATCH
    for e in range(epochs):
        shuffle(order, r)
        for s in range(steps):
            how.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * (e * steps + s) / (epochs * steps))) / 2
            batch = order[s * BATCH:(s + 1) * BATCH]
            tail.zero_grad()
            F.cross_entropy(tail(x[batch]), y[batch]).backward()
            how.step()


def accuracy(stages, x, y):
    return round(100 * (run(stages, x).argmax(1) == y).float().mean().item(), 3)


# ---- data ----------------------------------------------------------------

def load(*names):
    return tuple(np.load(os.path.join(HERE, "..", n + ".npy")) for n in names)


def few(y, n):
    """Numbers of the first n of each class, and of the others."""
    mine = np.sort(np.concatenate([np.flatnonzero(y == c)[:n] for c in np.unique(y)]))
    return mine, np.setdiff1d(np.arange(len(y)), mine)


def handwriting(args):
    def idx(name, skip):
        with gzip.open(os.path.join(args.mnist, name)) as f:
            return np.frombuffer(f.read(), np.uint8, offset=skip)
    x, y = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28), idx("t10k-labels-idx1-ubyte.gz", 8)
    learn, test = few(y, 50)
    more, of = load("digits/test_x", "digits/test_y")
    calib = load("digits/calib_x", "digits/calib_y")
    return {"learn": (x[learn], y[learn]), "test": (x[test], y[test]), "old": (more[1::2], of[1::2]),
            "replay": (np.concatenate([calib[0], more[::2]]), np.concatenate([calib[1], of[::2]]))}


def upside_down(args):
    signs = np.array([-1, 1, -1] * 2)
    turn = lambda x: np.clip(x * signs, -128, 127).astype(np.int8)
    sets = {}
    for i, (name, n) in enumerate((("learn", 400), ("test", 2400), ("replay", 880), ("old", 2400))):
        x, y = gestures.samples(gestures.SEED + (10 + i if name != "replay" else 0), n)
        sets[name] = (turn(x) if i < 2 else x, y.astype(np.uint8))
    return sets


def noisy_room(args):
    sets = {}
    with tempfile.TemporaryDirectory() as work:
        binary, spec = args.edgerun, os.path.join(HERE, "..", "keywords", "spec.json")
        if not binary:
            binary = os.path.join(work, "edgerun")
            subprocess.run(["go", "build", "-o", binary, "./cmd/edgerun"], check=True, cwd=os.path.join(HERE, "..", ".."))
        for i, (name, voices, each, snr) in enumerate((
                ("learn", speech.TEST_VOICES, 40, (-3, 6)), ("test", speech.TEST_VOICES, 120, (-3, 6)),
                ("replay", speech.TRAIN_VOICES, 44, keywords.SNR))):
            folder = os.path.join(work, name)
            speech.tree(folder, keywords.SEED + 20 + i, voices, each, each, snr)
            sets[name] = keywords.features(os.path.abspath(binary), spec, folder, work)
    sets["old"] = load("keywords/test_x", "keywords/test_y")
    return sets


SHIFTS = {
    "digits": (handwriting, nets.to_input, {
        "mlp": (mlp, (1, 2)), "cnn": (cnn, (1, 2))}),
    "gestures": (upside_down, gestures.to_input, {"gru": (gru, (1, 2))}),
    "keywords": (noisy_room, torch.from_numpy, {"dscnn": (dscnn, (1, 2, 3))}),
}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--mnist", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--edgerun", help="the binary (default: built from this repository)")
    ap.add_argument("--only", choices=sorted(SHIFTS), help="this shift alone")
    ap.add_argument("--threads", type=int, default=1)
    args = ap.parse_args()
    torch.set_num_threads(args.threads)
    for shift, (make, to_input, some) in SHIFTS.items():
        if args.only not in (None, shift):
            continue
        os.makedirs(os.path.join(args.out, shift), exist_ok=True)
        sets, cases = {}, []
        for name, (x, y) in make(args).items():
            np.save(os.path.join(args.out, shift, name + "_x.npy"), x)
            np.save(os.path.join(args.out, shift, name + "_y.npy"), y.astype(np.uint8))
            sets[name] = to_input(x), torch.from_numpy(y.astype(np.int64))
        keep = without_tenth(sets["replay"][1].numpy())
        for net, (build, counts) in some.items():
            before = {"before": accuracy(build(), *sets["test"]), "old_before": accuracy(build(), *sets["old"])}
            for last, biases, replay in [(counts[-1], True, False)] + [(k, False, r) for r in (False, True) for k in counts]:
                x, y = sets["learn"]
                if replay:
                    x, y = torch.cat([x, sets["replay"][0][keep]]), torch.cat([y, sets["replay"][1][keep]])
                tuned = build()
                epochs = min(max(-(-1000 // -(-len(x) // BATCH)), 30), 300)
                rate = REPLAY_RATE if replay else RATE
                train(tuned, last, biases, x, y, epochs, rate)
                case = {"shift": shift, "net": net, "layers": last, "biases": biases, "replay": replay, "epochs": epochs, "rate": rate, **before,
                        "after": accuracy(tuned, *sets["test"]), "old_after": accuracy(tuned, *sets["old"])}
                print(case, flush=True)
                cases.append(case)
        with open(os.path.join(args.out, shift, "torch.json"), "w") as f:
            json.dump(cases, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
