#!/usr/bin/env python3
"""Let espeak-ng speak digits, train an LSTM on their log-mel features, export it.

    python3 testdata/gen/spoken.py                 # testdata/spoken

Ten classes, zero to nine, each clip one second at 16 kHz, made hard as those of
testdata/keywords are (see speech.py); the test voices are not heard in training.
The features are computed by this project itself, `edgerun features`, from
spec.json: so Go must be installed, or --edgerun name the binary. They are rounded
to multiples of 1/32, for the network too, so that a byte holds one.

Written to --out:

    lstm.onnx                  the trained network (sequences.Lstm), opset 14; its
                               weights are float16 numbers, stored as such
    spec.json                  the front end from sound
    features.json              the front end from the arrays below
    test_x.npy test_y.npy      features of 100 clips, a random part of the test set,
                               int8 [100,24,100], 32 times their value, and labels;
                               10 of each class in turn
    calib_x.npy calib_y.npy    likewise of 20 training clips, class balanced
    lstm_torch.npy             float32 [100,10]: PyTorch's outputs for test_x.npy
    example_seven.wav          one of the test clips
    labels.txt                 the ten labels, one a line
    report.txt                 accuracies

All other clips go to --work (default: a temporary directory that is removed).
"""

import os
import shutil

import numpy as np

import clips
import dataset
import speech

SEED = 20250401
CLASSES = sorted("zero one two three four five six seven eight nine".split())
# Clips of each class, and the utterances of each class that they are made of.
TRAIN, TRAIN_SPOKEN = 600, 240
TEST, TEST_SPOKEN = 100, 80
DRAWN, COMMIT, CALIB = 12, 10, 2   # of each class
SNR = 5, 25                 # dB
SPEC = {
    "kind": "logmel", "sampleRate": 16000, "length": 16000, "frame": 800, "hop": 640, "fft": 2048,
    "power": 2, "mels": 100, "lowHz": 20, "highHz": 7600, "melScale": "htk",
    "log": "ln", "offset": 1e-6, "mean": [-1], "std": [4],
}
FRAMES, MELS, STEP = 24, 100, 1 / 32


# ---- features ------------------------------------------------------------

def features(binary, spec, folder, work):
    """What `edgerun features` makes of a folder, in bytes: int8 [n,24,100] and labels."""
    x, y = clips.features(binary, spec, folder, work)
    return np.clip(np.rint(x.reshape(-1, FRAMES, MELS) / STEP), -128, 127).astype(np.int8), y


def to_input(x):
    import torch
    return torch.from_numpy(x.astype(np.float32) * np.float32(STEP))


def masked(x):
    """A batch with a stretch of time and of frequency blanked in each sample, moved in time and loudness."""
    import torch
    x = torch.roll(x, int(torch.randint(-2, 3, ())), 1) + 0.15 * torch.randn(len(x), 1, 1)
    for k, most in ((1, 4), (2, 20)):
        n = x.shape[k]
        width = torch.randint(0, most, (len(x), 1))
        at = (torch.rand(len(x), 1) * (n - width)).long()
        i = torch.arange(n)[None]
        hide = (i >= at) & (i < at + width)
        x.masked_fill_(hide[:, :, None] if k == 1 else hide[:, None, :], -1)
    return x


# ---- main ----------------------------------------------------------------

def main():
    ap = clips.arguments(__doc__, "spoken", 22)
    ap.add_argument("--dynamo", action="store_true", help="export with torch's dynamo exporter")
    clips.work_in(ap.parse_args(), make)


def make(args, work):
    train_dir, test_dir = clips.folders(work, SEED, (TRAIN_SPOKEN, TRAIN), (TEST_SPOKEN, TEST), SNR, CLASSES)
    if args.data_only:
        return

    out = dataset.Folder(args.out)
    binary = clips.binary(args, work)
    out.json("spec.json", SPEC)
    out.json("features.json", {"kind": "vector", "channels": MELS, "scale": STEP})

    rng = np.random.default_rng(SEED + 3)
    train_x, train_y = features(binary, out.path("spec.json"), train_dir, work)
    test_x, test_y = features(binary, out.path("spec.json"), test_dir, work)
    assert (train_y == np.repeat(np.arange(len(CLASSES)), TRAIN)).all()
    rows = np.concatenate([np.sort(rng.choice(TEST, DRAWN, replace=False)[:COMMIT]) + c * TEST for c in range(len(CLASSES))])
    out.put("test_x.npy", test_x[rows])
    out.put("test_y.npy", test_y[rows].astype(np.uint8))
    calib = dataset.balanced(train_y, CALIB * len(CLASSES))
    out.put("calib_x.npy", train_x[calib])
    out.put("calib_y.npy", train_y[calib].astype(np.uint8))
    out.text("labels.txt", CLASSES)
    out.log("clips: %d to train, %d to test; features times 32: mean %.1f, deviation %.1f, %d to %d" % (
        len(train_x), len(test_x), train_x.mean(), train_x.std(), train_x.min(), train_x.max()), True)

    import torch
    import nets
    import sequences
    torch.set_num_threads(args.threads)
    net = sequences.half(nets.train(lambda: sequences.Lstm(MELS, 128, 2, len(CLASSES)), train_x, train_y, args.epochs,
                                    3e-3, 0.02, SEED + 2, out.log, to_input, masked))
    got = nets.run(net, test_x, to_input)
    right = got.argmax(1) == test_y
    out.log("parameters: %d" % sum(p.numel() for p in net.parameters()), True)
    out.log("accuracy: %.2f %% on the training clips, %.2f %% on the %d test clips, %.2f %% on the %d of them in test_x.npy" % (
        100 * nets.accuracy(net, train_x, train_y, to_input), 100 * right.mean(), len(right),
        100 * right[rows].mean(), len(rows)), True)
    for c, name in enumerate(CLASSES):
        out.log("  %-6s %.1f %%" % (name, 100 * right[test_y == c].mean()), True)
    out.put("lstm_torch.npy", got[rows])
    row = next(r for r in rows if CLASSES[test_y[r]] == "seven" and right[r])
    shutil.copyfile(os.path.join(test_dir, "seven", "%04d.wav" % (row % TEST)), out.path("example_seven.wav"))
    sequences.export(net, out.path("lstm.onnx"), [to_input(test_x[:1])], ["input"], ["output"], [{0: "batch"}],
                     dynamo=args.dynamo)
    out.report()


if __name__ == "__main__":
    main()
