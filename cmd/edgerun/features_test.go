package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
)

// writeSounds writes 16-bit mono .wav files, half a second at 8 kHz: tones of three kinds in folders of their names.
func writeSounds(dir string) error {
	const rate, samples = 8000, 4000
	for k, class := range []string{"high", "low", "middle"} {
		folder := filepath.Join(dir, class)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		for i, name := range []string{"a.wav", "b.wav"} {
			hz := []float64{3000, 300, 1000}[k] * (1 + 0.1*float64(i))
			le := binary.LittleEndian
			b := append([]byte("RIFF"), le.AppendUint32(nil, 36+2*samples)...)
			b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
			b = le.AppendUint32(le.AppendUint32(b, rate), 2*rate)
			b = append(b, "\x02\x00\x10\x00data"...)
			b = le.AppendUint32(b, 2*samples)
			for t := range samples {
				b = le.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*hz*float64(t)/rate))))
			}
			if err := os.WriteFile(filepath.Join(folder, name), b, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
