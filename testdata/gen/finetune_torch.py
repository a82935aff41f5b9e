#!/usr/bin/env python3
"""Train the last layers of two small networks in PyTorch and record the loss of every step.

    python3 testdata/gen/finetune_torch.py [OUTPUT_DIR]     # testdata/finetune

Networks, data and order come from SplitMix64, so that a test makes the very
same ones again: nothing but the cases' hyper-parameters and losses is written
(torch.json). Weights decay, biases do not: two parameter groups.
"""

import json
import math
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "finetune")
STEPS, BATCH, SAMPLES = 100, 16, 96


class Random:
    """SplitMix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9e3779b97f4a7c15) & mask
        z = self.state
        z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) & mask
        z = ((z ^ z >> 27) * 0x94d049bb133111eb) & mask
        return z ^ z >> 31

    def array(self, width, *shape):
        """Uniform in [-width, width), in order of memory."""
        n = math.prod(shape)
        u = np.array([(self.next() >> 11) / (1 << 53) for _ in range(n)])
        return torch.from_numpy(((u - 0.5) * 2 * width).astype(np.float32).reshape(shape))


class Mlp(nn.Module):
    """Linear 20-24, ReLU, Linear 24-24, ReLU, Linear 24-6; the last two are trained."""

    classes, shape = 6, (20,)

    def __init__(self, r):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in ((20, 24), (24, 24), (24, 6)))
        for l in self.layers:
            l.weight.data = r.array(1.5 / math.sqrt(l.in_features), *l.weight.shape)
            l.bias.data = r.array(0.1, *l.bias.shape)

    def forward(self, x):
        a, b, c = self.layers
        return c(F.relu(b(F.relu(a(x)))))


class Cnn(nn.Module):
    """Conv 2-8 3x3, ReLU, Conv 8-12 3x3, ReLU, MaxPool 2, Linear 108-6, over pictures 6x6x2; all but the first is trained."""

    classes, shape = 6, (6, 6, 2)

    def __init__(self, r):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(2, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1), nn.Linear(108, 6)])
        for l in self.layers:
            o, *k = l.weight.shape
            w = r.array(1.5 / math.sqrt(math.prod(k)), o, *k[1:], k[0])  # the input's channels innermost
            l.weight.data = w if len(k) == 1 else w.permute(0, 3, 1, 2).contiguous()
            l.bias.data = r.array(0.1, o)

    def forward(self, x):
        a, b, c = self.layers
        x = F.max_pool2d(F.relu(b(F.relu(a(x.permute(0, 3, 1, 2))))), 2)
        return c(x.permute(0, 2, 3, 1).flatten(1))


def data(r, net):
    """Samples around a centre for each class; targets tell the class too, and a little more."""
    centres = r.array(1, net.classes, *net.shape)
    labels = torch.arange(SAMPLES) * 5 % net.classes
    x = centres[labels] + r.array(1, SAMPLES, *net.shape)
    return x, labels, F.one_hot(labels, net.classes) + r.array(0.25, SAMPLES, net.classes)


# Each case sets what differs from no decay, no momentum, a constant rate.
CASES = [
    dict(name="SGD", rate=0.1),
    dict(name="SGD with momentum and decay", rate=0.05, momentum=0.9, decay=0.01),
    dict(name="Nesterov", rate=0.05, momentum=0.9, nesterov=True, decay=0.001),
    dict(name="Adam", method="adam", rate=0.01),
    dict(name="Adam, slow", method="adam", rate=0.003, beta1=0.8, beta2=0.99, epsilon=1e-5),
    dict(name="AdamW", method="adam", rate=0.01, decay=0.1),
    dict(name="class weights", rate=0.05, momentum=0.9, weights=[1, 2, 0.5, 1, 3, 0.25]),
    dict(name="label smoothing", rate=0.05, momentum=0.9, smoothing=0.1),
    dict(name="class weights and label smoothing", method="adam", rate=0.01, smoothing=0.2, weights=[1, 2, 0.5, 1, 3, 0.25]),
    dict(name="binary cross-entropy", loss="bce", rate=0.2, momentum=0.9),
    dict(name="binary cross-entropy, Adam", loss="bce", method="adam", rate=0.01, decay=0.01),
    dict(name="mean squared error", loss="mse", rate=0.05, momentum=0.9),
    dict(name="mean squared error, Adam", loss="mse", method="adam", rate=0.01),
    dict(name="clipped", rate=0.1, momentum=0.9, clip=0.25),
    dict(name="clipped, Adam", method="adam", rate=0.01, clip=0.1),
    dict(name="cosine", rate=0.1, momentum=0.9, schedule="cosine"),
    dict(name="linear, AdamW", method="adam", rate=0.02, decay=0.05, schedule="linear"),
    dict(name="biases only", rate=0.02, momentum=0.9, biases=True),
]


def train(net, x, labels, targets, case):
    weights, biases = [], []
    for p in net.layers[0].parameters():
        p.requires_grad = False
    for l in list(net.layers)[1:]:
        l.weight.requires_grad = not case.get("biases")
        weights += [l.weight] if l.weight.requires_grad else []
        biases.append(l.bias)
    groups = [dict(params=biases, weight_decay=0)]
    if weights:
        groups.append(dict(params=weights, weight_decay=case.get("decay", 0)))
    if case.get("method") == "adam":
        optimizer = torch.optim.AdamW(groups, lr=case["rate"], eps=case.get("epsilon", 1e-8),
                                      betas=(case.get("beta1", 0.9), case.get("beta2", 0.999)))
    else:
        optimizer = torch.optim.SGD(groups, lr=case["rate"], momentum=case.get("momentum", 0),
                                    nesterov=case.get("nesterov", False))
    schedule = {
        None: lambda: None,
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS),
        "linear": lambda: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 - i / STEPS),
    }[case.get("schedule")]()
    w = torch.tensor(case["weights"], dtype=torch.float32) if "weights" in case else None
    criterion = {
        "bce": lambda z, i: F.binary_cross_entropy_with_logits(z, (targets[i] > 0.1).float()),
        "mse": lambda z, i: F.mse_loss(z, targets[i]),
        None: lambda z, i: F.cross_entropy(z, labels[i], weight=w, label_smoothing=case.get("smoothing", 0)),
    }[case.get("loss")]
    losses = []
    for step in range(STEPS):
        i = (step * BATCH + torch.arange(BATCH)) * 37 % SAMPLES
        optimizer.zero_grad()
        loss = criterion(net(x[i]), i)
        loss.backward()
        if "clip" in case:
            torch.nn.utils.clip_grad_norm_(weights + biases, case["clip"])
        optimizer.step()
        if schedule:
            schedule.step()
        losses.append(float("%.7g" % loss.item()))
    return losses


def main():
    torch.set_num_threads(1)
    os.makedirs(OUT, exist_ok=True)
    lines = []
    for kind in (Mlp, Cnn):
        for case in CASES:
            r = Random(11)
            net = kind(r)
            losses = train(net, *data(r, net), case)
            lines.append(json.dumps(dict(case, net=kind.__name__.lower(), losses=losses)))
            print("%s, %s: %.4f to %.4f" % (kind.__name__, case["name"], losses[0], losses[-1]))
    with open(os.path.join(OUT, "torch.json"), "w") as f:
        f.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
