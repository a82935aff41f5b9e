#!/usr/bin/env python3
"""Make a corpus of commands to a house, train a transformer encoder on their intents, export it.

    python3 testdata/gen/intents.py                # testdata/intents

Eight intents. A grammar of templates makes the sentences; then words are left out
or spoken twice, fillers slip in, neighbours swap and letters get mistyped, and
each intent borrows words of others ("do not make it warmer, just tell me ...").
The test set has templates and words in it that training never saw.

The tokenizer: lower case, words are runs of letters and digits; a word of
vocab.txt is its line's number from 0; another is cut from its start into the
longest pieces of vocab.txt, of which all but the first begin with ##, as BERT's
WordPiece does; a word that cannot be cut is [UNK]. [CLS] comes first, at most 24
tokens are kept, [PAD] (0) fills up.

Written to --out:

    encoder.onnx               the trained network (sequences.Classifier), opset 14;
                               input int64 [batch,seq]
    vocab.txt                  the vocabulary, a token a line
    test.txt test_y.npy        400 sentences, one a line, and their labels, uint8
    test_x.npy                 their tokens, int16 [400,24]
    calib_x.npy calib_y.npy    tokens of 96 training sentences, class balanced, labels
    encoder_torch.npy          float32 [200,8]: PyTorch's outputs for the first 200
    labels.txt                 the eight labels, one a line
    report.txt                 accuracies
"""

import argparse
import collections
import os
import re

import numpy as np

import dataset

SEED = 20250403
CLASSES = "alarm climate door light media question schedule shopping".split()
N_TRAIN, N_TEST, CALIB = 12000, 2400, 96
COMMIT, N_TORCH = 400, 200
NEW = 0.12                  # how often the test set takes what training never saw
LONGEST, WORDS = 24, 400
SPECIAL = ["[PAD]", "[UNK]", "[CLS]"]

# A word in <> stands for one of its alternatives; those after || are for the test set only.
PARTS = {
    "room": "kitchen|bedroom|hall|bathroom|living room|garage|office|cellar || nursery|attic",
    "time": "at <n>|in <n> minutes|tonight|tomorrow|in the morning|at noon|on <day>|later || before dinner",
    "day": "monday|tuesday|friday|sunday|saturday || thursday",
    "n": "two|three|five|six|seven|eight|ten|twelve|twenty|thirty || fifteen|nine",
    "please": "please|could you|can you|i want you to|would you|now|hey|||| kindly",
    "end": "please|now|right away|thanks|if you can|||| at once",
    "who": "my mother|the doctor|anna|the team|my brother|the dentist || the plumber",
    "food": "milk|bread|eggs|apples|coffee|batteries|soap|rice|cheese || candles|tea",
    "song": "some jazz|the news|the radio|my list|a podcast|the next song|something quiet || an audiobook",
    "set": "set|make|put|start|give me || arrange",
    "on": "turn on|switch on|turn off|switch off|start|stop || shut off",
    "door": "front door|back door|window|gate|blinds|shutters|garage || skylight",
    "alarm": "set an alarm <time>|wake me <time>|wake me up <time>|<set> a timer for <n> minutes|stop the alarm|cancel the timer|"
             "remind me in <n> minutes|ring <time>|turn off the alarm || let the alarm ring <time>|cancel the alarm <time>",
    "climate": "<set> the <room> warmer|<set> it cooler in the <room>|<on> the heating|<on> the fan in the <room>|"
               "set the <room> to <n> degrees|i am cold in the <room>|too hot in here|lower the heating <time>|warm up the <room> <time> || "
               "<set> the <room> less cold|heat the <room> <time>",
    "doorway": "open the <door>|close the <door>|lock the <door>|unlock the <door> <time>|shut the <door> in the <room>|"
               "leave the <door> open|<set> the <door> down|let <who> in || let the <door> stay closed|raise the <door>",
    "light": "<on> the light in the <room>|<on> the lamp|<set> the <room> brighter|dim the <room>|<set> it dark in the <room>|"
             "more light in the <room>|<on> all lights <time>|<set> the lamp to <n> percent || <set> the <room> darker <time>|less light here",
    "media": "play <song>|stop <song>|play <song> in the <room>|<set> the music louder|turn down the volume|<on> <song>|skip this|"
             "next song|quieter in the <room>|pause || continue <song>|let me hear <song> <time>",
    "question": "what is the weather <time>|how warm is it in the <room>|is the <door> open|are the lights on in the <room>|what time is it|"
                "who is at the <door>|when is my meeting with <who>|do we have <food>|what is playing|is the alarm set || "
                "tell me if the <door> is locked|did i forget <food>",
    "schedule": "call <who> <time>|meet <who> <time>|add a meeting with <who> <time>|<set> an appointment with <who>|move my meeting <time>|"
                "cancel the meeting <time>|remind me of <who> <time>|note <who> on <day> || book <who> <time>|shift the appointment <time>",
    "shopping": "buy <food>|add <food> to the list|we need <food>|order <food> and <food>|put <food> on my list|remove <food> from the list|"
                "no more <food>|get <food> <time>|remind me to buy <food> || we are out of <food>|note <food> and <food>",
    "noise": "um|well|so|uh|you know|i think|actually|it is late|i am in the <room> || listen",
    "contrast": "not the <room>|forget the <door>|never mind the light|i do not want <song>|no <food> today|it is <n> degrees|"
                "the lamp is too bright|<who> is at the <door>|the alarm was loud|the meeting is over || the music was fine",
}
RULES = dict(zip(CLASSES, "alarm climate doorway light media question schedule shopping".split()))


# ---- the corpus ----------------------------------------------------------

def pick(rng, name, unseen):
    known, _, new = PARTS[name].partition(" || ")
    known, new = known.split("|"), new.split("|") if new else []
    if unseen and new and rng.random() < NEW:
        return new[rng.integers(len(new))].strip()
    return known[rng.integers(len(known))].strip()


def expand(rng, text, unseen):
    while "<" in text:
        text = re.sub("<([a-z]+)>", lambda m: pick(rng, m[1], unseen), text, count=1)
    return text


def mistype(rng, word):
    i = rng.integers(len(word))
    letter = chr(97 + rng.integers(26))
    return (word[:i] + word[i + 1:], word[:i] + letter + word[i:], word[:i] + letter + word[i + 1:],
            word[:i] + word[i:i + 2][::-1] + word[i + 2:])[rng.integers(4)] or word


def sentence(rng, label, unseen):
    parts = [expand(rng, "<%s>" % RULES[label], unseen)]
    if rng.random() < 0.5:
        parts.insert(0, expand(rng, "<please>", unseen))
    if rng.random() < 0.4:
        parts.append(expand(rng, "<end>", unseen))
    if rng.random() < 0.3:
        parts.insert(rng.integers(len(parts) + 1), expand(rng, "<contrast>", unseen))
    if rng.random() < 0.4:
        parts.insert(rng.integers(len(parts) + 1), expand(rng, "<noise>", unseen))
    words, out = " ".join(parts).split(), []
    for w in words:
        r = rng.random()
        if r < 0.05 and len(words) > 3:
            continue
        out.append(mistype(rng, w) if r < 0.13 and len(w) > 2 else w)
        if r > 0.985:
            out.append(w)
    if len(out) > 2 and rng.random() < 0.2:
        i = rng.integers(len(out) - 1)
        out[i], out[i + 1] = out[i + 1], out[i]
    return " ".join(out)


def corpus(seed, n, unseen):
    y = np.arange(n) % len(CLASSES)
    return [sentence(np.random.default_rng((seed, i)), CLASSES[k], unseen) for i, k in enumerate(y)], y


# ---- the tokenizer -------------------------------------------------------

def vocabulary(texts):
    """The special tokens, all letters as first and as further piece, then the commonest words and pieces of words."""
    words = collections.Counter(w for t in texts for w in re.findall("[a-z0-9]+", t.lower()))
    tokens = SPECIAL + list("abcdefghijklmnopqrstuvwxyz") + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"]
    have, pieces = set(tokens), collections.Counter()
    for w, n in words.items():
        for k in (2, 3):
            pieces[w[:k]] += n
            for i in range(1, len(w) - k + 1):
                pieces["##" + w[i:i + k]] += n
    common = sorted((w for w in words if words[w] >= 25), key=lambda w: (-words[w], w))[:250]
    for w in common + sorted(pieces, key=lambda p: (-pieces[p], p)):
        if len(tokens) < WORDS and w not in have:
            tokens.append(w)
            have.add(w)
    return tokens


def encode(text, number):
    out = [number["[CLS]"]]
    for w in re.findall("[a-z0-9]+", text.lower()):
        at, cut = 0, []
        while at < len(w):
            for end in range(len(w), at, -1):
                p = ("##" if at else "") + w[at:end]
                if p in number:
                    break
            else:
                cut = [number["[UNK]"]]
                break
            cut.append(number[p])
            at = end
        out += cut
    return (out + [0] * LONGEST)[:LONGEST]


# ---- main ----------------------------------------------------------------

def to_input(x):
    """Tokens without the columns that are padding in all rows."""
    import torch
    return torch.from_numpy(x[:, :max(1, int((x != 0).sum(1).max()))].astype(np.int64))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--out", default=os.path.join(here, "..", "intents"))
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--dynamo", action="store_true", help="export with torch's dynamo exporter")
    args = ap.parse_args()
    out = dataset.Folder(args.out)
    train_t, train_y = corpus(SEED, N_TRAIN, False)
    test_t, test_y = corpus(SEED + 1, N_TEST, True)
    tokens = vocabulary(train_t)
    number = {t: i for i, t in enumerate(tokens)}
    train_x, test_x = (np.array([encode(t, number) for t in texts], np.int16) for texts in (train_t, test_t))
    out.text("vocab.txt", tokens)
    out.text("test.txt", test_t[:COMMIT])
    out.put("test_x.npy", test_x[:COMMIT])
    out.put("test_y.npy", test_y[:COMMIT].astype(np.uint8))
    out.put("calib_x.npy", train_x[:CALIB])
    out.put("calib_y.npy", train_y[:CALIB].astype(np.uint8))
    out.text("labels.txt", CLASSES)
    length = (train_x != 0).sum(1)
    out.log("sentences: %d to train, %d to test; %d tokens in the vocabulary, %.1f in a sentence, %.1f %% fill all %d" % (
        len(train_x), len(test_x), len(tokens), length.mean(), 100 * (length == LONGEST).mean(), LONGEST), True)

    import torch
    import nets
    import sequences
    torch.set_num_threads(args.threads)
    net = sequences.half(nets.train(lambda: sequences.Classifier(len(tokens), LONGEST, len(CLASSES)), train_x, train_y,
                                    args.epochs, 3e-3, 0.02, SEED + 2, out.log, to_input))
    sequences.slow_path(net)
    got = nets.run(net, test_x, to_input)
    right = got.argmax(1) == test_y
    out.log("parameters: %d" % sum(p.numel() for p in net.parameters()), True)
    out.log("accuracy: %.2f %% on the training sentences, %.2f %% on the %d test sentences, %.2f %% on the %d of them in test_x.npy" % (
        100 * nets.accuracy(net, train_x, train_y, to_input), 100 * right.mean(), len(right),
        100 * right[:COMMIT].mean(), COMMIT), True)
    for c, name in enumerate(CLASSES):
        out.log("  %-9s %.1f %%" % (name, 100 * right[test_y == c].mean()), True)
    out.put("encoder_torch.npy", got[:N_TORCH])
    sequences.export(net, out.path("encoder.onnx"), [to_input(test_x[:2])], ["input"], ["output"],
                     [{0: "batch", 1: "seq"}], dynamo=args.dynamo)
    out.report()


if __name__ == "__main__":
    main()
