package loader

import (
	"github.com/klauspost/compress/zstd"

	"edgerun/rt/op"
)

var (
	errEncrypted = failf(op.ErrUnsupported, "decryption is not supported by this reader")
	errEncoding  = failf(op.ErrUnsupported, "encoding is not supported by this reader")
)

// decompressor opens zstd frames. It is made when the first frame comes; what it may write is bounded by the slice
// that it is given.
type decompressor struct{ d *zstd.Decoder }

// decompress fills dst from zstd frames, which must decode to exactly its length.
func (z *decompressor) decompress(dst, stored []byte) error {
	if z.d == nil {
		var err error
		z.d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true),
			zstd.WithDecoderMaxMemory(defaultMemory), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err
		}
	}
	out, err := z.d.DecodeAll(stored, dst[:0:len(dst)])
	if err != nil {
		return failf(ErrFormat, "zstd: %v", err)
	}
	if len(out) != len(dst) || len(dst) > 0 && &out[0] != &dst[0] {
		return failf(ErrFormat, "zstd: decodes to %d bytes, want %d", len(out), len(dst))
	}
	return nil
}

func (z *decompressor) close() {
	if z.d != nil {
		z.d.Close()
	}
}

// checkRatio refuses a declared size that no honest file reaches.
func checkRatio(stored, decoded uint64) error {
	if decoded/maxRatio > stored {
		return failf(ErrFormat, "%d bytes are said to decode to %d, more than %d times as much", stored, decoded, maxRatio)
	}
	return nil
}

// compressor makes zstd frames: the same bytes for the same calls.
type compressor struct{ e *zstd.Encoder }

func newCompressor() (*compressor, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(maxWindow), zstd.WithEncoderCRC(false))
	return &compressor{e}, err
}

// compress returns b as a zstd frame, or nil where that saves nothing or passes the ratio that readers allow.
func (c *compressor) compress(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	z := c.e.EncodeAll(b, nil)
	if len(z) >= len(b) || checkRatio(uint64(len(z)), uint64(len(b))) != nil {
		return nil
	}
	return z
}
