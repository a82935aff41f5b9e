#!/usr/bin/env python3
"""Draw coloured objects, train a residual network on them, export it.

    python3 testdata/gen/objects.py                # testdata/objects

Ten classes: eight shapes and two textures, 32x32 RGB. Each picture has random
colours, a plain, shaded or patterned background, clutter behind and in front of
the object, rotation, scale, shear, shading, blur, a change of brightness and
contrast, and noise. All come from one seed per set, so no picture of the test
set is in the training set.

Written to --out:

    resnet.onnx                the trained network (nets.Residual), opset 13
    test_x.npy test_y.npy      uint8 [500,32,32,3], uint8 [500]
    calib_x.npy calib_y.npy    120 training pictures, class balanced
    resnet_torch.npy           float32 [200,10]: PyTorch's outputs of the first
                               200 test pictures
    labels.txt                 the ten labels, one a line
    example_LABEL.png          test pictures
    report.txt                 accuracies, test picture numbers of the examples
"""

import argparse
import math
import multiprocessing
import os

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import dataset

SEED = 20250117
N_TRAIN, N_TEST, N_COMMIT, N_CALIB, N_TORCH = 12000, 3000, 500, 120, 200
PX, SS = 32, 3      # pictures are drawn SS times larger, then reduced
SIDE = PX * SS
LABELS = ("ring box triangle star cross arrow moon fish stripes checks").split()
MEAN, STD = 0.5, 0.25   # of every channel, after division by 255


# ---- drawing -------------------------------------------------------------

def circle(r, cx=0.0, cy=0.0, n=40):
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([cx + r * np.cos(t), cy + r * np.sin(t)], 1)


def outline(label, rng):
    """Polygons to fill and to cut out again, in a square from -1 to 1."""
    if label == "ring":
        return [circle(1)], [circle(rng.uniform(0.4, 0.75))]
    if label == "box":
        h = rng.uniform(0.6, 1)
        return [[(-0.9, -0.9 * h), (0.9, -0.9 * h), (0.9, 0.9 * h), (-0.9, 0.9 * h)]], []
    if label == "triangle":
        return [[(0, -1), (0.95, 0.75), (-0.95, 0.75)]], []
    if label == "star":
        n = int(rng.integers(5, 7))
        r = np.where(np.arange(2 * n) % 2, rng.uniform(0.38, 0.55), 1.0)
        t = np.arange(2 * n) * math.pi / n
        return [np.stack([r * np.sin(t), -r * np.cos(t)], 1)], []
    if label == "cross":
        w = rng.uniform(0.18, 0.38)
        return [[(-1, -w), (1, -w), (1, w), (-1, w)],
                [(-w, -1), (w, -1), (w, 1), (-w, 1)]], []
    if label == "arrow":
        w, x = rng.uniform(0.15, 0.3), rng.uniform(-0.1, 0.3)
        return [[(-1, -w), (x, -w), (x, -0.8), (1, 0), (x, 0.8), (x, w), (-1, w)]], []
    if label == "moon":
        return [circle(1)], [circle(rng.uniform(0.75, 0.95), rng.uniform(0.4, 0.7))]
    # fish
    h, x = rng.uniform(0.4, 0.6), rng.uniform(0.1, 0.3)
    body = circle(0.65) * (1, h / 0.65) + (x, 0)
    return [body, [(x - 0.45, 0), (-0.95, -0.6), (-0.75, 0), (-0.95, 0.6)]], [circle(0.09, x + 0.35, -0.15)]


def affine(rng, scale):
    """A random rotation, shear and place, as a function of points."""
    a, s = rng.uniform(0, 2 * math.pi), rng.uniform(-0.3, 0.3)
    m = (np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
         @ np.array([[1, s], [0, rng.uniform(0.75, 1)]])) * scale * SIDE / 2
    c = SIDE / 2 + rng.uniform(-1, 1, 2) * max(0.05, 0.9 - scale) * SIDE / 2
    return lambda p: [tuple(q) for q in np.asarray(p, float) @ m.T + c]


def wave(rng, kind, period):
    """Stripes or checks in [0,1], SIDE x SIDE."""
    y, x = np.mgrid[:SIDE, :SIDE] / SS
    a, p = rng.uniform(0, 2 * math.pi), rng.uniform(0, 2 * math.pi, 2)
    u = np.sin((x * math.cos(a) + y * math.sin(a)) * 2 * math.pi / period + p[0])
    if kind == "checks":
        u = u * np.sin((y * math.cos(a) - x * math.sin(a)) * 2 * math.pi / period + p[1])
    return np.clip(u * rng.uniform(2, 8) + 0.5, 0, 1)


def colours(rng, n, apart):
    """n random colours, each at least apart from the first."""
    out = [rng.uniform(0, 255, 3)]
    while len(out) < n:
        c = rng.uniform(0, 255, 3)
        if np.linalg.norm(c - out[0]) >= apart:
            out.append(c)
    return out


def shaded(rng, colour, depth):
    """A picture of one colour that grows darker along a random direction."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    a = rng.uniform(0, 2 * math.pi)
    ramp = (x * math.cos(a) + y * math.sin(a)) * rng.uniform(0, depth)
    return colour + ramp[..., None]


def mask_of(fill, cut, place):
    img = Image.new("L", (SIDE, SIDE))
    d = ImageDraw.Draw(img)
    for p in fill:
        d.polygon(place(p), fill=255)
    for p in cut:
        d.polygon(place(p), fill=0)
    return np.asarray(img)[..., None] / 255.0


def lines(rng, n, width):
    """A mask of n random straight lines."""
    img = Image.new("L", (SIDE, SIDE))
    d = ImageDraw.Draw(img)
    for _ in range(n):
        (x, y), a = rng.uniform(0, SIDE, 2), rng.uniform(0, 2 * math.pi)
        dx, dy = math.cos(a) * SIDE, math.sin(a) * SIDE
        d.line((x - dx, y - dy, x + dx, y + dy), fill=255, width=int(SS * rng.uniform(0.5, width)))
    return np.asarray(img)[..., None] / 255.0


def draw(job):
    """One picture, uint8 [32,32,3], from a seed and a label."""
    seed, label = job
    rng = np.random.default_rng(seed)
    back, front, other, junk, hair = colours(rng, 5, 100)
    a = shaded(rng, back, 120)
    if rng.random() < 0.25:   # a patterned background, fainter than the textures
        w = wave(rng, ("stripes", "checks")[rng.integers(2)], rng.uniform(4, 12))[..., None]
        a = a + (other - back) * w * rng.uniform(0.05, 0.25)
    for _ in range(rng.integers(0, 4)):   # clutter behind
        blob = mask_of([circle(1, n=int(rng.integers(3, 9)))], [], affine(rng, rng.uniform(0.08, 0.2)))
        a = a + (shaded(rng, junk, 60) - a) * blob
    if label in ("stripes", "checks"):
        corners = circle(1, n=int(rng.integers(4, 12)))
        m = mask_of([corners], [], affine(rng, rng.uniform(0.55, 1.1)))
        w = wave(rng, label, rng.uniform(4, 9))[..., None]
        thing = shaded(rng, front, 80) * (1 - w) + shaded(rng, colours(rng, 1, 0)[0], 80) * w
    else:
        m = mask_of(*outline(label, rng), affine(rng, rng.uniform(0.5, 0.9)))
        thing = shaded(rng, front, 140)
        if rng.random() < 0.2:
            thing = thing + (other - front) * wave(rng, "stripes", rng.uniform(5, 12))[..., None] * 0.3
    a = a + (thing - a) * m
    if rng.random() < 0.4:    # something in front
        a = a + (hair - a) * lines(rng, int(rng.integers(1, 3)), 2)
    if rng.random() < 0.25:
        spot = mask_of([circle(1, n=7)], [], affine(rng, rng.uniform(0.12, 0.3)))
        a = a + (junk - a) * spot
    img = Image.fromarray(np.clip(np.rint(a), 0, 255).astype(np.uint8))
    img = img.resize((PX, PX), Image.BOX).filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.9)))
    a = (np.asarray(img, float) - 128) * rng.uniform(0.6, 1.1) + 128 + rng.uniform(-25, 25)
    a = a + rng.normal(0, rng.uniform(2, 16), a.shape)
    return np.clip(np.rint(a), 0, 255).astype(np.uint8)


def draw_set(seed, n):
    """n pictures, as many of each class; each has a seed of its own."""
    labels = np.random.default_rng(seed).permutation(np.arange(n) % len(LABELS)).astype(np.uint8)
    with multiprocessing.Pool(2) as pool:
        jobs = (((seed, i), LABELS[c]) for i, c in enumerate(labels))
        return np.stack(list(pool.imap(draw, jobs, 50))), labels


def pictures(work):
    """Training and test set, from the folder work if they are there."""
    path = os.path.join(work, "pictures.npz") if work else ""
    if not os.path.exists(path):
        sets = draw_set(SEED, N_TRAIN) + draw_set(SEED + 1, N_TEST)
        if not work:
            return sets[:2], sets[2:]
        os.makedirs(work, exist_ok=True)
        np.savez(path, *sets)
    with np.load(path) as f:
        return (f["arr_0"], f["arr_1"]), (f["arr_2"], f["arr_3"])


# ---- main ----------------------------------------------------------------

def main():
    here = os.path.dirname(os.path.abspath(__file__))
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--out", default=os.path.join(here, "..", "objects"))
    ap.add_argument("--work", help="keep all pictures here (default: nowhere); a set found there is used again")
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--epochs", type=int, default=14)
    args = ap.parse_args()
    out = dataset.Folder(args.out)

    (train_x, train_y), (test_x, test_y) = pictures(args.work)
    out.put("test_x.npy", test_x[:N_COMMIT])
    out.put("test_y.npy", test_y[:N_COMMIT])
    calib = dataset.balanced(train_y, N_CALIB)
    out.put("calib_x.npy", train_x[calib])
    out.put("calib_y.npy", train_y[calib])
    out.text("labels.txt", LABELS)
    out.log("pictures: %d to train, %d to test, mean %.3f, deviation %.3f" % (
        len(train_x), len(test_x), train_x.mean() / 255, train_x.std() / 255), True)

    import torch
    import nets
    torch.set_num_threads(args.threads)

    def prepare(pics):
        x = torch.from_numpy(np.ascontiguousarray(pics)).float()
        return ((x / 255 - MEAN) / STD).permute(0, 3, 1, 2).contiguous()

    def turned(x):   # each class looks the same when turned or mirrored
        for axis in (2, 3):
            if torch.rand(1) < 0.5:
                x = x.flip(axis)
        x = x.transpose(2, 3) if torch.rand(1) < 0.5 else x
        shift = torch.randint(-3, 4, (2,)).tolist()
        return x.roll(shift, (2, 3))

    net = nets.train(lambda: nets.channels_last(nets.Residual()), train_x, train_y, args.epochs, 3e-3, 0.02,
                     SEED + 2, out.log, prepare, turned, batch=32)
    got = nets.run(net, test_x, prepare)
    right = got.argmax(1) == test_y
    out.log("parameters: %d" % sum(p.numel() for p in net.parameters()), True)
    out.log("accuracy: %.2f %% on the training pictures, %.2f %% on %d test pictures, %.2f %% on the first %d of them, which test_x.npy holds" % (
        100 * nets.accuracy(net, train_x, train_y, prepare), 100 * right.mean(), N_TEST,
        100 * right[:N_COMMIT].mean(), N_COMMIT), True)
    for c, name in enumerate(LABELS):
        out.log("  %-8s %.1f %%" % (name, 100 * right[test_y == c].mean()), True)
    out.put("resnet_torch.npy", got[:N_TORCH])
    nets.export(net, out.path("resnet.onnx"), (1, 3, PX, PX))

    for name in ("arrow", "fish", "moon", "star"):
        c = LABELS.index(name)
        i = next(i for i in range(N_COMMIT)
                 if test_y[i] == c and got[i, c] > np.delete(got[i], c).max() + 3)
        Image.fromarray(test_x[i]).save(out.path("example_%s.png" % name))
        out.log("example_%s.png is test picture %d" % (name, i), True)
    out.report()


if __name__ == "__main__":
    main()
