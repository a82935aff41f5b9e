#!/usr/bin/env python3
"""Train an LSTM on JapaneseVowels and a GRU on BasicMotions, export both. Never committed.

    python3 testdata/gen/series.py --data DIR --out OUT

DIR holds JapaneseVowels_eq_TRAIN.ts, JapaneseVowels_eq_TEST.ts,
BasicMotions_TRAIN.ts and BasicMotions_TEST.ts of the UEA archive of time series
(timeseriesclassification.com). The networks are trained on the training files
alone, and each feature is brought to mean 0 and deviation 1 of the training file.
How long they are trained was not chosen by the test files: it is fixed.

Written to OUT, for each of japanesevowels and basicmotions:

    NAME.onnx                  the network, opset 14, input float32 [batch,time,features]
    NAME_x.npy NAME_y.npy      the test file, normalised, float32, and labels, uint8
    NAME_calib_x.npy NAME_calib_y.npy   the training file, at most 128 of it, class balanced
    NAME_torch.npy             PyTorch's outputs for NAME_x.npy
    NAME_labels.txt            the labels, one a line
    report.txt                 accuracies
"""

import argparse
import os

import numpy as np

import dataset

SEED = 20250405


def read(path):
    """A .ts file of equally long series: float32 [n,time,features], labels as numbers, their names."""
    names, x, y = None, [], []
    with open(path) as f:
        for line in f:
            line = line.strip()
            if line.lower().startswith("@classlabel"):
                names = line.split()[2:]
            elif line and line[0] not in "#@":
                *dims, label = line.split(":")
                x.append(np.array([[float(v) for v in d.split(",")] for d in dims], np.float32).T)
                y.append(names.index(label))
    return np.stack(x), np.array(y), names


def shaken(x):
    """A batch with noise, other loudness, moved in time by up to two steps."""
    import torch
    x = x * (1 + 0.1 * torch.randn(len(x), 1, 1)) + 0.1 * torch.randn_like(x)
    return torch.roll(x, int(torch.randint(-2, 3, ())), 1)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--data", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--dynamo", action="store_true", help="export with torch's dynamo exporter")
    args = ap.parse_args()
    out = dataset.Folder(args.out)

    import torch
    import nets
    import sequences
    torch.set_num_threads(args.threads)
    for name, file, kind, hidden, layers, epochs, batch in (
            ("japanesevowels", "JapaneseVowels_eq", sequences.Lstm, 48, 2, 60, 18),
            ("basicmotions", "BasicMotions", sequences.Gru, 32, 2, 80, 8)):
        (train_x, train_y, labels), (test_x, test_y, same) = (
            read(os.path.join(args.data, "%s_%s.ts" % (file, part))) for part in ("TRAIN", "TEST"))
        assert labels == same
        mean, std = train_x.mean((0, 1)), train_x.std((0, 1))
        train_x, test_x = (train_x - mean) / std, (test_x - mean) / std
        out.put(name + "_x.npy", test_x)
        out.put(name + "_y.npy", test_y.astype(np.uint8))
        calib = dataset.balanced(train_y, min(128, np.bincount(train_y).min() * len(labels)))
        out.put(name + "_calib_x.npy", train_x[calib])
        out.put(name + "_calib_y.npy", train_y[calib].astype(np.uint8))
        out.text(name + "_labels.txt", labels)
        net = nets.train(lambda: kind(train_x.shape[2], hidden, layers, len(labels)), train_x, train_y, epochs, 4e-3, 0.01,
                         SEED, lambda text: None, torch.from_numpy, shaken, batch=batch)
        got = nets.run(net, test_x, torch.from_numpy)
        out.put(name + "_torch.npy", got)
        sequences.export(net, out.path(name + ".onnx"), [torch.from_numpy(test_x[:1])], ["input"], ["output"],
                         [{0: "batch"}], dynamo=args.dynamo, shrink=False)
        out.log("%s: %s of %d hidden, %d layers, %d parameters; accuracy %.2f %% on the %d training series, %.2f %% on the %d test series" % (
            name, kind.__name__, hidden, layers, sum(p.numel() for p in net.parameters()),
            100 * nets.accuracy(net, train_x, train_y, torch.from_numpy), len(train_x),
            100 * (got.argmax(1) == test_y).mean(), len(test_x)), True)
    out.report()


if __name__ == "__main__":
    main()
