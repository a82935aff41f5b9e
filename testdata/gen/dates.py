#!/usr/bin/env python3
"""Train an encoder-decoder to write dates in one form, export it.

    python3 testdata/gen/dates.py                  # testdata/dates

Source: a date as people write it ("tue 3rd of march, 97", "1999.12.31",
"the day after 28 Feb 2003", "2 days before xmas 2011"), letter by letter, with
mistyped letters. Target: year, month and day, "1997-03-03", letter by letter. An
answer counts if all of it is right. There is one right answer to each source,
so the network can be checked exactly; typing errors may make a source
ambiguous, which is what the network then gets wrong.

Tokens of source and target are lines of letters.txt from 0: [PAD], [START],
[END], then letters, the first of which is the blank. A source has no start and
no end; a target has both.

Written to --out:

    seq2seq.onnx               the trained network (sequences.EncoderDecoder), opset 14;
                               inputs src int64 [batch,src_seq], tgt int64
                               [batch,tgt_seq], output logits [batch,tgt_seq,words]
    letters.txt                the vocabulary, a token a line
    test.txt                   400 sources and targets, one pair a line, tab between
    calib.txt                  96 training pairs, written likewise
    test_x.npy test_y.npy      test.txt's tokens, uint8 [400,32] and, start and end
                               included, [400,12]
    greedy.npy                 uint8 [400,16]: what PyTorch wrote, each time the
                               likeliest letter, without start, padded after end
    seq2seq_torch.npy          float32 [2,11,words]: PyTorch's logits of the first 2
                               test pairs with the target before its end as tgt
    report.txt                 accuracies

--split also writes encoder.onnx (src -> memory) and decoder.onnx (memory, src,
tgt -> logits).
"""

import argparse
import datetime
import os

import numpy as np

import dataset

SEED = 20250404
N_TRAIN, N_TEST, COMMIT, CALIB, N_TORCH = 24000, 2000, 400, 96, 2
LONGEST, WRITES, POSITIONS = 32, 16, 48
START, END = 1, 2
LETTERS = " 0123456789abcdefghijklmnopqrstuvwxyz,./-"
TOKENS = ["[PAD]", "[START]", "[END]"] + list(LETTERS)
MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
FEASTS = {"xmas": (12, 25), "new year": (1, 1), "halloween": (10, 31)}
TYPOS = 0.03                # of letters


# ---- dates ---------------------------------------------------------------

def ordinal(d):
    return "%d%s" % (d, "th" if 10 < d % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(d % 10, "th"))


def written(rng, d):
    """d in one of the ways that say all of it."""
    month = MONTHS[d.month - 1]
    short = month[:3]
    name = (month, short)[rng.integers(2)]
    year = ("%d" % d.year, "%02d" % (d.year % 100))[int(rng.random() < 0.3)]
    form = rng.integers(9)
    text = (
        "%d %s %s" % (d.day, name, year),
        "%s %d, %s" % (name, d.day, year),
        "%s of %s %d" % (ordinal(d.day), name, d.year),
        "%s %s %d" % (name, ordinal(d.day), d.year),
        "%d.%d.%s" % (d.day, d.month, year),
        "%d/%d/%d" % (d.month, d.day, d.year),
        "%d-%02d-%02d" % (d.year, d.month, d.day),
        "%d%02d%02d" % (d.year, d.month, d.day),
        "%s-%02d-%d" % (short, d.day, d.year))[form]
    if form < 4 and rng.random() < 0.25:
        text = DAYS[d.weekday()][:3] + " " + text
    return text


def pair(rng, typos):
    """A source and its target."""
    d = datetime.date(1950, 1, 1) + datetime.timedelta(int(rng.integers(36524)))   # to 2049: two digits say the year
    r = rng.random()
    if r < 0.1:
        feast = list(FEASTS)[rng.integers(len(FEASTS))]
        d = datetime.date(d.year, *FEASTS[feast])
        text = "%s %d" % (feast, d.year)
    else:
        text = written(rng, d)
    if r > 0.85:
        by = (-1, 1)[rng.integers(2)]
        text = "day %s %s" % ("before" if by < 0 else "after", text)
        d += datetime.timedelta(by)
    out = ""
    for c in text:
        if typos and rng.random() < TYPOS:
            wrong = LETTERS[rng.integers(len(LETTERS))]
            # A wrong digit leaves no way to know the right one: digits are only doubled by other letters or kept.
            out += c + wrong if c.isdigit() and not wrong.isdigit() else c if c.isdigit() else ("", wrong, c + c)[rng.integers(3)]
        else:
            out += c
    return out.strip()[:LONGEST], "%04d-%02d-%02d" % (d.year, d.month, d.day)


def pairs(seed, n):
    return [pair(np.random.default_rng((seed, i)), True) for i in range(n)]


def encode(texts, length, wrap):
    """Tokens, uint8 [n,length]; wrap puts start and end around."""
    number = {t: i for i, t in enumerate(TOKENS)}
    out = np.zeros((len(texts), length), np.uint8)
    for row, t in zip(out, texts):
        tokens = [number[c] for c in t]
        tokens = [START] + tokens + [END] if wrap else tokens
        row[:len(tokens)] = tokens
    return out


# ---- main ----------------------------------------------------------------

def train(make, x, y, epochs, batch, lr, seed, log):
    """Teacher-forced: each letter of the target from those before it."""
    import time
    import torch
    import torch.nn.functional as F
    torch.manual_seed(seed)
    net = make()
    x, y = torch.from_numpy(x.astype(np.int64)), torch.from_numpy(y.astype(np.int64))
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=0.01)
    total, warm = epochs * (len(x) // batch), 200
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min((s + 1) / warm, max(0.02, 1 - s / total)))
    start = time.time()
    for epoch in range(epochs):
        net.train()
        order, loss_sum = torch.randperm(len(x)), 0.0
        for i in range(0, len(x) - batch + 1, batch):
            k = order[i:i + batch]
            src = x[k][:, :int((x[k] != 0).sum(1).max())]
            out = net(src, y[k, :-1])
            loss = F.cross_entropy(out.flatten(0, 1), y[k, 1:].flatten())
            opt.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            sched.step()
            loss_sum += loss.item()
        log("  epoch %d/%d: training loss %.4f (%.0f s)" % (epoch + 1, epochs, loss_sum / (len(x) // batch), time.time() - start))
    return net.eval()


def to_input(x):
    import torch
    return torch.from_numpy(x[:, :int((x != 0).sum(1).max())].astype(np.int64))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--out", default=os.path.join(here, "..", "dates"))
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--dynamo", action="store_true", help="export with torch's dynamo exporter")
    ap.add_argument("--split", action="store_true", help="write encoder and decoder as files of their own too")
    args = ap.parse_args()
    out = dataset.Folder(args.out)
    train_t, test_t = pairs(SEED, N_TRAIN), pairs(SEED + 1, N_TEST)
    known = {s for s, _ in train_t}
    train_x, test_x = (encode([s for s, _ in t], LONGEST, False) for t in (train_t, test_t))
    train_y, test_y = (encode([t for _, t in t], 12, True) for t in (train_t, test_t))
    out.text("letters.txt", TOKENS)
    out.text("test.txt", ["%s\t%s" % p for p in test_t[:COMMIT]])
    out.text("calib.txt", ["%s\t%s" % p for p in train_t[:CALIB]])
    out.put("test_x.npy", test_x[:COMMIT])
    out.put("test_y.npy", test_y[:COMMIT])
    out.log("pairs: %d to train, %d to test; %d of the test sources are in training too; %.1f letters in a source" % (
        N_TRAIN, N_TEST, sum(s in known for s, _ in test_t), (train_x != 0).sum(1).mean()), True)

    import torch
    import sequences
    torch.set_num_threads(args.threads)
    net = sequences.slow_path(sequences.half(train(
        lambda: sequences.EncoderDecoder(len(TOKENS), len(TOKENS), POSITIONS), train_x, train_y, args.epochs, 64, 2e-3,
        SEED + 2, out.log)))
    wrote = torch.cat([sequences.greedy(net, to_input(test_x[i:i + 100]), START, END, WRITES)
                       for i in range(0, N_TEST, 100)]).numpy().astype(np.uint8)
    want = np.zeros_like(wrote)
    want[:, :11] = test_y[:, 1:]
    right = (wrote == want).all(1)
    out.log("parameters: %d" % sum(p.numel() for p in net.parameters()), True)
    out.log("accuracy: %.2f %% of the %d test dates are wholly right, %.2f %% of the %d of them in test_x.npy" % (
        100 * right.mean(), N_TEST, 100 * right[:COMMIT].mean(), COMMIT), True)
    out.log("letters right: %.3f %%" % (100 * (wrote == want)[:, :11].mean()), True)
    for i in np.flatnonzero(~right[:COMMIT])[:8]:
        out.log("  %-32s wanted %s, got %s" % (test_t[i] + ("".join(LETTERS[t - 3] for t in wrote[i] if t > 2),)))
    out.put("greedy.npy", wrote[:COMMIT])
    src, tgt = to_input(test_x[:N_TORCH]), to_input(test_y[:N_TORCH, :-1])
    with torch.no_grad():
        out.put("seq2seq_torch.npy", net(src, tgt).numpy())
    export(sequences, net, args, out, src, tgt)
    out.report()


def export(sequences, net, args, out, src, tgt):
    dims = {"src": {0: "batch", 1: "src_seq"}, "tgt": {0: "batch", 1: "tgt_seq"}}
    put = lambda n, name, inputs, names, outputs, out_axes: sequences.export(
        n, out.path(name), inputs, names, outputs, [dims.get(i, dims["src"]) for i in names], dynamo=args.dynamo,
        out_axes=[out_axes])
    put(net, "seq2seq.onnx", [src, tgt], ["src", "tgt"], ["logits"], dims["tgt"])
    if args.split:
        put(sequences.Encoder(net).eval(), "encoder.onnx", [src], ["src"], ["memory"], dims["src"])
        put(sequences.Decoder(net).eval(), "decoder.onnx", [net.encode(src).detach(), src, tgt], ["memory", "src", "tgt"],
            ["logits"], dims["tgt"])


if __name__ == "__main__":
    main()
