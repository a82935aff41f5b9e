#!/usr/bin/env python3
"""Simulate gestures as a wrist's motion sensor sees them, train a GRU on them, export it.

    python3 testdata/gen/gestures.py               # testdata/gestures

Seven gestures and rest, 64 steps at 50 Hz of three accelerations (in g) and three
rates of turn (in 2 rad/s). A gesture is a path of the hand in space and a turning
of the wrist, with a speed, size, start and form of its own in each sample; the
sensor sits at the wrist in a random orientation of up to some 25 degrees off,
sees gravity, has an offset and noise, and the hand trembles and may drift.
Sensors count in steps of 1/32.

Written to --out:

    gru.onnx                   the trained network (sequences.Gru), opset 14
    test_x.npy test_y.npy      int8 [160,64,6], 32 times the value, and uint8 [160]
    calib_x.npy calib_y.npy    likewise 32 training samples, class balanced
    features.json              the front end from these arrays
    gru_torch.npy              float32 [160,8]: PyTorch's outputs for test_x.npy
    labels.txt                 the eight labels, one a line
    report.txt                 accuracies
"""

import argparse
import os

import numpy as np

import dataset

SEED = 20250402
CLASSES = "circle-left circle-right push rest shake swipe-left swipe-right twist".split()
N_TRAIN, N_TEST, COMMIT, CALIB = 6400, 2400, 160, 32
STEPS, RATE, STEP = 64, 50.0, 1 / 32
FINE = 4                    # points computed for each step
ROUGH = 1.5                 # how much samples differ and tremble


# ---- the hand ------------------------------------------------------------

def rotation(axis, angle):
    axis = axis / np.linalg.norm(axis)
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def bump(t, middle, width):
    """A smooth step from 0 to 1 in the middle."""
    return 0.5 * (1 + np.tanh((t - middle) / width))


def motion(rng, kind, t):
    """Place of the hand, metres [n,3] (right, away, up), and the wrist's angles of pitch, roll and yaw [n,3]."""
    place, turn = np.zeros((len(t), 3)), np.zeros((len(t), 3))
    speed = np.exp(0.22 * ROUGH * rng.normal())
    size = np.exp(0.25 * ROUGH * rng.normal())
    middle = rng.uniform(0.42, 0.86)
    name = CLASSES[kind]
    if name.startswith("circle"):
        way = -1 if name.endswith("left") else 1
        turns = rng.uniform(1.0, 2.0)
        phase = way * 2 * np.pi * turns * bump(t, middle, 0.26 / speed) + rng.uniform(0, 2 * np.pi)
        place[:, 0], place[:, 2] = 0.10 * size * np.cos(phase), 0.10 * size * rng.uniform(0.6, 1.2) * np.sin(phase)
        turn[:, 2], turn[:, 0] = 0.25 * np.cos(phase), 0.25 * np.sin(phase)
    elif name.startswith("swipe"):
        way = -1 if name.endswith("left") else 1
        s = bump(t, middle, 0.11 / speed)
        back = rng.uniform(0, 0.9) * bump(t, middle + rng.uniform(0.25, 0.5), 0.2 / speed)
        place[:, 0] = way * 0.28 * size * (s - back)
        place[:, 2] = 0.05 * size * rng.normal() * s
        turn[:, 2] = -way * rng.uniform(0.1, 0.7) * (s - back)
    elif name == "push":
        s = bump(t, middle, 0.10 / speed) - bump(t, middle + rng.uniform(0.2, 0.5), 0.12 / speed) * rng.uniform(0.2, 1)
        place[:, 1] = 0.26 * size * s
        place[:, 0] = 0.06 * size * rng.normal() * s
        turn[:, 0] = rng.uniform(-0.3, 0.5) * s
    elif name == "shake":
        swing = np.sin(2 * np.pi * rng.uniform(2.2, 4.5) * speed * t + rng.uniform(0, 2 * np.pi))
        swing = swing * np.exp(-((t - middle) / rng.uniform(0.25, 0.6)) ** 2)
        place += (np.array([1, 0.3, 0.3]) * rng.normal(0.8, 0.5, 3))[None] * 0.03 * size * swing[:, None]
        turn[:, 1] = 0.2 * swing * rng.normal()
    elif name == "twist":
        swing = bump(t, middle, 0.12 / speed) - rng.uniform(0, 1) * bump(t, middle + rng.uniform(0.2, 0.5), 0.14 / speed)
        turn[:, 1] = (1, -1)[rng.integers(2)] * rng.uniform(0.5, 1.3) * size * swing
        place[:, 0] = 0.03 * rng.normal() * swing
    else:                   # not quite still: the arm may be lowered or walk along
        place[:, rng.integers(3)] = 0.16 * rng.random() ** 2 * ROUGH * bump(t, middle, 0.2 / speed)
        place[:, 2] += 0.012 * rng.random() * ROUGH * np.sin(2 * np.pi * rng.uniform(1.5, 2.2) * t + rng.uniform(0, 6))
        turn[:, rng.integers(3)] = 0.5 * rng.normal() * bump(t, middle, 0.2 / speed)
    return place, turn


def sample(rng, kind):
    """What the sensor says, float64 [STEPS,6]."""
    dt = 1 / (RATE * FINE)
    t = np.arange(-2 * FINE, (STEPS + 2) * FINE) * dt
    place, turn = motion(rng, kind, t)
    slow = np.cumsum(rng.normal(0, 1, (len(t), 6)), 0) * 1e-3 * ROUGH     # drifting and trembling
    window = np.hanning(17) / np.hanning(17).sum()
    slow = np.stack([np.convolve(c, window, "same") for c in slow.T], 1)
    place, turn = place + 0.4 * slow[:, :3], turn + 4 * slow[:, 3:]
    force = np.gradient(np.gradient(place, dt, axis=0), dt, axis=0) / 9.81 + np.array([0, 0, 1.0])
    rate = np.gradient(turn, dt, axis=0)
    c, s = np.cos(turn), np.sin(turn)
    # Into the wrist's own axes: yaw, then pitch, then roll.
    x, y, z = force.T
    x, y = c[:, 2] * x + s[:, 2] * y, -s[:, 2] * x + c[:, 2] * y
    y, z = c[:, 0] * y + s[:, 0] * z, -s[:, 0] * y + c[:, 0] * z
    x, z = c[:, 1] * x - s[:, 1] * z, s[:, 1] * x + c[:, 1] * z
    mount = rotation(rng.normal(0, 1, 3), 0.22 * ROUGH * rng.normal())
    force, rate = np.stack([x, y, z], 1) @ mount.T, rate @ mount.T
    both = np.concatenate([force, rate / 2], 1)
    both = both[2 * FINE:-2 * FINE].reshape(STEPS, FINE, 6).mean(1)
    return both + 0.03 * ROUGH * rng.normal(0, 1, 6) + 0.04 * ROUGH * rng.normal(0, 1, both.shape)


def samples(seed, n):
    """n samples in bytes, int8 [n,STEPS,6], and labels; classes in turn."""
    y = np.arange(n) % len(CLASSES)
    x = np.stack([sample(np.random.default_rng((seed, i)), k) for i, k in enumerate(y)])
    return np.clip(np.rint(x / STEP), -128, 127).astype(np.int8), y


# ---- main ----------------------------------------------------------------

def to_input(x):
    import torch
    return torch.from_numpy(x.astype(np.float32) * np.float32(STEP))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--out", default=os.path.join(here, "..", "gestures"))
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--epochs", type=int, default=14)
    ap.add_argument("--dynamo", action="store_true", help="export with torch's dynamo exporter")
    args = ap.parse_args()
    out = dataset.Folder(args.out)
    train_x, train_y = samples(SEED, N_TRAIN)
    test_x, test_y = samples(SEED + 1, N_TEST)
    out.put("test_x.npy", test_x[:COMMIT])
    out.put("test_y.npy", test_y[:COMMIT].astype(np.uint8))
    out.put("calib_x.npy", train_x[:CALIB])
    out.put("calib_y.npy", train_y[:CALIB].astype(np.uint8))
    out.json("features.json", {"kind": "vector", "channels": 6, "scale": STEP})
    out.text("labels.txt", CLASSES)

    import torch
    import nets
    import sequences
    torch.set_num_threads(args.threads)
    net = sequences.half(nets.train(lambda: sequences.Gru(6, 40, 2, len(CLASSES)), train_x, train_y, args.epochs, 4e-3,
                                    0.01, SEED + 2, out.log, to_input))
    got = nets.run(net, test_x, to_input)
    right = got.argmax(1) == test_y
    out.log("parameters: %d" % sum(p.numel() for p in net.parameters()), True)
    out.log("accuracy: %.2f %% on the training samples, %.2f %% on the %d test samples, %.2f %% on the %d of them in test_x.npy" % (
        100 * nets.accuracy(net, train_x, train_y, to_input), 100 * right.mean(), len(right),
        100 * right[:COMMIT].mean(), COMMIT), True)
    for c, name in enumerate(CLASSES):
        out.log("  %-12s %.1f %%" % (name, 100 * right[test_y == c].mean()), True)
    out.put("gru_torch.npy", got[:COMMIT])
    sequences.export(net, out.path("gru.onnx"), [to_input(test_x[:1])], ["input"], ["output"], [{0: "batch"}],
                     dynamo=args.dynamo)
    out.report()


if __name__ == "__main__":
    main()
