#!/usr/bin/env python3
"""Simulate a machine's vibration, train an autoencoder on its healthy state, export it.

    python3 testdata/gen/machine.py                # testdata/machine

A sample is an order spectrum: the logarithm of the vibration's power at
multiples of the shaft's speed, at 0.25, 0.5 .. 16 times it, 64 features, each
less its mean and divided by its standard deviation over the training samples.
The machine is a shaft with a fan of 7 blades and a pair of gears of 12 teeth,
in a housing with two resonances; speed, load, temperature and the condition of
its parts vary from sample to sample, and a spectrum averages only 24 records,
so that it is noisy. Faults of five kinds grow from hardly visible to plain.

The network sees only healthy samples in training. A sample's anomaly score is
the mean squared difference between it and the network's output.

Written to --out:

    autoencoder.onnx           the trained network (nets.Autoencoder), opset 13
    test_x.npy test_y.npy      float32 [1000,64], uint8 [1000]: 1 is a fault
    test_kind.npy              uint8 [1000]: which kind, line of kinds.txt
    kinds.txt                  healthy and the five faults, one a line
    calib_x.npy                float32 [200,64]: healthy training samples
    autoencoder_torch.npy      float32 [200,64]: PyTorch's outputs of the first
                               200 test samples
    report.txt                 areas under the ROC curve
"""

import argparse
import os

import numpy as np

import dataset

SEED = 20250131
N_TRAIN, N_HEALTHY, N_FAULTY, N_CALIB, N_TORCH = 20000, 600, 400, 200, 200
ORDERS = np.arange(1, 65) / 4
RECORDS = 24        # averaged into one spectrum
KINDS = "healthy imbalance misalignment bearing gear looseness".split()


# ---- the machine ---------------------------------------------------------

def line(power, order, amount, width=0.0):
    """Add a line of the spectrum, with leakage into the neighbouring orders."""
    shape = np.exp(-0.5 * ((ORDERS - order[:, None]) / (0.13 + width)) ** 2)
    power += amount[:, None] * shape


def spectra(rng, kinds, severity):
    """Raw features, float64 [n,64], of machines with these kinds of fault."""
    n = len(kinds)
    speed = rng.uniform(22, 32, n)               # revolutions per second
    load = rng.uniform(0.2, 1, n)
    warm = rng.normal(0, 1, n)
    part = np.exp(0.1 * rng.normal(0, 1, (6, n)))   # condition of the parts
    whole = np.ones(n)
    sick = [severity * (kinds == k) for k in range(len(KINDS))]

    power = 0.02 * (1 + load[:, None]) / (1 + (ORDERS / 6) ** 2)
    line(power, whole, (speed / 27) ** 2 * part[0] * (1 + 5 * sick[1]))
    line(power, 2 * whole, 0.35 * part[1] * (1 + 7 * sick[2]))
    line(power, 3 * whole, 0.12 * part[1] * (1 + 4 * sick[2]))
    line(power, 4 * whole, 0.06 * part[1] * (1 + 2 * sick[2]))
    line(power, 7 * whole, 0.5 * (speed / 27) ** 3 * part[2])
    line(power, 14 * whole, 0.1 * (speed / 27) ** 3 * part[2])
    mesh = 0.6 * load * part[3]
    line(power, 12 * whole, mesh)
    for k in (1, 2):      # modulation by the shaft, more with a broken tooth
        for side in (-k, k):
            line(power, (12 + side) * whole, mesh * (0.12 * part[4] + 0.6 * sick[4]) / k ** 2)
    for k in (1, 2, 3):   # the bearing's outer race: no whole multiple of the speed
        line(power, 3.57 * k * (1 + 0.004 * rng.normal(0, 1, n)), 0.2 * sick[3] / k)
    for k in range(1, 12, 2):   # looseness: halves of the speed, and a higher floor
        line(power, 0.5 * k * whole, 0.05 * sick[5])
    power *= 1 + 0.3 * sick[5][:, None]

    hz = ORDERS * speed[:, None]
    gain = 1.0
    for at, width, high in ((140 - 3 * warm, 18, 4), (310 - 5 * warm, 40, 3)):
        gain = gain + high / (1 + ((hz - at[:, None]) / width) ** 2)
    power = power * gain * np.exp(0.15 * part[5] + 0.1 * warm)[:, None] + 0.002
    return np.log(power * rng.gamma(RECORDS, 1 / RECORDS, power.shape))


# ---- main ----------------------------------------------------------------

def auc(scores, faulty):
    """The probability that a fault scores higher than a healthy sample."""
    less = (scores[faulty][:, None] > scores[~faulty]).mean()
    return float(less + 0.5 * (scores[faulty][:, None] == scores[~faulty]).mean())


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--out", default=os.path.join(here, "..", "machine"))
    ap.add_argument("--threads", type=int, default=1)
    args = ap.parse_args()
    out = dataset.Folder(args.out)

    rng = np.random.default_rng(SEED)
    healthy = spectra(rng, np.zeros(N_TRAIN, int), np.zeros(N_TRAIN))
    mean, std = healthy.mean(0), healthy.std(0)
    n = N_HEALTHY + N_FAULTY
    rng = np.random.default_rng(SEED + 1)
    kinds = np.zeros(n, int)
    kinds[N_HEALTHY:] = 1 + np.arange(N_FAULTY) % (len(KINDS) - 1)
    kinds = rng.permutation(kinds)
    test = spectra(rng, kinds, np.exp(rng.uniform(np.log(0.2), np.log(2), n)))

    train_x = ((healthy - mean) / std).astype(np.float32)
    test_x = ((test - mean) / std).astype(np.float32)
    faulty = kinds > 0
    out.put("test_x.npy", test_x)
    out.put("test_y.npy", faulty.astype(np.uint8))
    out.put("test_kind.npy", kinds.astype(np.uint8))
    out.text("kinds.txt", KINDS)
    out.put("calib_x.npy", train_x[:N_CALIB])

    import torch
    import torch.nn.functional as F
    import nets
    torch.set_num_threads(args.threads)

    net = nets.train(lambda: nets.Autoencoder(test_x.shape[1]), train_x, None, 24, 4e-3, 1e-4, SEED + 2,
                     out.log, torch.from_numpy, loss_of=F.mse_loss)
    got = nets.run(net, test_x, torch.from_numpy)
    scores = ((got - test_x) ** 2).mean(1)
    out.log("parameters: %d" % sum(p.numel() for p in net.parameters()), True)
    out.log("mean score: %.3f of the training samples, %.3f of the healthy test samples, %.3f of the faults" % (
        ((nets.run(net, train_x, torch.from_numpy) - train_x) ** 2).mean(),
        scores[~faulty].mean(), scores[faulty].mean()), True)
    out.log("AUC: %.4f (%.4f when the score is the mean square of the input)" % (
        auc(scores, faulty), auc((test_x ** 2).mean(1), faulty)), True)
    for k in range(1, len(KINDS)):
        some = (kinds == k) | ~faulty
        out.log("  %-12s %.4f" % (KINDS[k], auc(scores[some], faulty[some])), True)
    out.put("autoencoder_torch.npy", got[:N_TORCH])
    nets.export(net, out.path("autoencoder.onnx"), (1, test_x.shape[1]))
    out.report()


if __name__ == "__main__":
    main()
