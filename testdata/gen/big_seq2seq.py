#!/usr/bin/env python3
"""Write encoder-decoders with random weights, for measuring speed only. Never committed.

    python3 testdata/gen/big_seq2seq.py OUT.onnx            # dim 512, 8 heads, 2+2 layers

The network is that of testdata/dates (sequences.EncoderDecoder): inputs src and
tgt, int64 [batch,src_seq] and [batch,tgt_seq], output logits
[batch,tgt_seq,words]; sequences of up to 256. --split writes OUT_encoder.onnx and
OUT_decoder.onnx too.
"""

import argparse
import os


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("out")
    ap.add_argument("--dim", type=int, default=512)
    ap.add_argument("--heads", type=int, default=8)
    ap.add_argument("--layers", type=int, default=2)
    ap.add_argument("--wide", type=int, default=2048, help="hidden numbers of the feed-forward blocks")
    ap.add_argument("--words", type=int, default=1000)
    ap.add_argument("--split", action="store_true", help="write encoder and decoder as files of their own too")
    ap.add_argument("--dynamo", action="store_true", help="export with torch's dynamo exporter")
    args = ap.parse_args()

    import torch
    import sequences
    torch.set_num_threads(1)
    torch.manual_seed(20250406)
    net = sequences.EncoderDecoder(args.words, args.words, 256, args.dim, args.heads, args.layers, args.wide).eval()
    src, tgt = torch.randint(1, args.words, (2, 24)), torch.randint(1, args.words, (2, 16))
    src[1, 20:] = sequences.PAD
    s, t = {0: "batch", 1: "src_seq"}, {0: "batch", 1: "tgt_seq"}
    root = os.path.splitext(args.out)[0]
    files = [(net, args.out, [src, tgt], ["src", "tgt"], ["logits"], [s, t], t)]
    if args.split:
        with torch.no_grad():
            memory = net.encode(src)
        files += [(sequences.Encoder(net).eval(), root + "_encoder.onnx", [src], ["src"], ["memory"], [s], s),
                  (sequences.Decoder(net).eval(), root + "_decoder.onnx", [memory, src, tgt], ["memory", "src", "tgt"],
                   ["logits"], [s, s, t], t)]
    for module, path, inputs, names, outputs, axes, last in files:
        size = sequences.export(module, path, inputs, names, outputs, axes, args.dynamo, False, out_axes=[last])
        print("%s: %d bytes" % (path, size))


if __name__ == "__main__":
    main()
