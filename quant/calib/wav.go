package calib

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"edgerun/rt/tensor"
)

// maxSound and maxChannels bound sound files.
const (
	maxSound    = 256 << 20
	maxChannels = 64
)

// sounds is a data set of .wav files, one sample each.
type sounds []file

func (s sounds) Len() int { return len(s) }

func (s sounds) Sample(i int) (Sample, error) {
	if i < 0 || i >= len(s) {
		return Sample{}, fmt.Errorf("%s: sound %d outside [0,%d)", s[0].path, i, len(s))
	}
	f := s[i]
	b, err := readAll(f.path, maxSound)
	if err != nil {
		return Sample{}, err
	}
	w, err := parseWAV(b)
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w", f.path, err)
	}
	return Sample{Name: f.path, Label: f.label, Shape: []int{len(w.samples) / w.channels, w.channels}, DType: tensor.Float32,
		Numbers: w.samples, Rate: w.rate, decoded: true}, nil
}

// wav is the content of a .wav file: samples of all channels side by side, full scale being ±1.
type wav struct {
	rate, channels int
	samples        []float32
}

// Formats of a .wav file, and what follows its 16-bit format code in an extensible one's GUID.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavExtensible = 0xfffe
	wavGUID       = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
)

// parseWAV reads PCM of 8, 16, 24 or 32 bits, divided by half its range, and float32 as it is. A data chunk whose size
// is 0, 2^32−1 or past the end, as recorders leave it that were cut off, ends with the file. Source: Microsoft's
// "Multiple channel audio data and WAVE files", RFC 2361.
func parseWAV(b []byte) (*wav, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, fmt.Errorf("starts with %q; wanted a .wav file's \"RIFF\" and \"WAVE\"", b[:min(len(b), 12)])
	}
	var format, data []byte
	for rest := b[12:]; len(rest) >= 8 && data == nil; {
		id, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		cut := size > int64(len(rest))
		body := rest[:min(size, int64(len(rest)))]
		switch {
		case id == "data":
			if size == 0 {
				body = rest
			}
			data = body
		case cut:
			return nil, fmt.Errorf("chunk %q of %d bytes, of which %d are there", id, size, len(rest))
		case id == "fmt ":
			format = body
		}
		rest = rest[min(size+size&1, int64(len(rest))):]
	}
	switch {
	case len(format) < 16:
		return nil, fmt.Errorf("format chunk of %d bytes before the data; wanted at least 16", len(format))
	case len(data) == 0:
		return nil, errors.New("no sound in the file")
	}
	return decodeWAV(format, data)
}

func decodeWAV(format, data []byte) (*wav, error) {
	code, channels := binary.LittleEndian.Uint16(format), int(binary.LittleEndian.Uint16(format[2:]))
	rate, align := binary.LittleEndian.Uint32(format[4:]), int(binary.LittleEndian.Uint16(format[12:]))
	depth := int(binary.LittleEndian.Uint16(format[14:]))
	if code == wavExtensible {
		if len(format) < 40 || string(format[26:40]) != wavGUID {
			return nil, errors.New("extensible format without a known kind of samples")
		}
		code = binary.LittleEndian.Uint16(format[24:])
	}
	known := code == wavPCM && (depth == 8 || depth == 16 || depth == 24 || depth == 32) || code == wavFloat && depth == 32
	if !known {
		return nil, fmt.Errorf("format %d of %d bits; wanted PCM (1) of 8, 16, 24 or 32 or float (3) of 32", code, depth)
	}
	if channels < 1 || channels > maxChannels || align != channels*depth/8 {
		return nil, fmt.Errorf("%d channels in blocks of %d bytes; wanted 1 to %d channels of %d", channels, align, maxChannels, depth/8)
	}
	if rate < 1 || rate > 1<<24 {
		return nil, fmt.Errorf("%d samples a second; wanted 1 to %d", rate, 1<<24)
	}
	n := len(data) / align * channels
	if n == 0 {
		return nil, fmt.Errorf("%d bytes of sound; wanted a block of %d", len(data), align)
	}
	w := &wav{int(rate), channels, make([]float32, n)}
	for i := range w.samples {
		p := data[i*depth/8:]
		switch {
		case code == wavFloat:
			w.samples[i] = math.Float32frombits(binary.LittleEndian.Uint32(p))
		case depth == 8:
			w.samples[i] = float32(int(p[0])-128) / (1 << 7)
		case depth == 16:
			w.samples[i] = float32(int16(binary.LittleEndian.Uint16(p))) / (1 << 15)
		case depth == 24:
			w.samples[i] = float32(int32(uint32(p[0])<<8|uint32(p[1])<<16|uint32(p[2])<<24)>>8) / (1 << 23)
		default:
			w.samples[i] = float32(int32(binary.LittleEndian.Uint32(p))) / (1 << 31)
		}
	}
	return w, nil
}

// mixed is the mean of each group of neighbouring channels, summed in their order.
func mixed(samples []float32, channels int) []float32 {
	if channels == 1 {
		return samples
	}
	out := make([]float32, len(samples)/channels)
	for i := range out {
		sum := float32(0)
		for _, v := range samples[i*channels:][:channels] {
			sum += v
		}
		out[i] = sum / float32(channels)
	}
	return out
}
