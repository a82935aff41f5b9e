package main

import (
	"encoding/binary"
	"io"
	"path/filepath"
	"strings"

	"edgerun/quant/calib"
	"edgerun/rt/tensor"
)

// writtenFile collects what a model writes, for a file of texts or tokens.
type writtenFile struct {
	texts  []string
	tokens [][]int32
}

// checkWritten refuses names of files that could hold neither; "" is none.
func checkWritten(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy", ".txt":
		return nil
	}
	if path == "" {
		return nil
	}
	return usagef("--output %s: --generate writes a .txt file of texts or a .npy file of tokens", path)
}

func (w *writtenFile) add(text string, tokens []int32) {
	w.texts = append(w.texts, text)
	w.tokens = append(w.tokens, append([]int32(nil), tokens...))
}

// writer writes a text a line, or for a .npy file tokens, int32 [texts,longest] with −1 behind the end of shorter ones.
func (w *writtenFile) writer(path string) func(io.Writer) error {
	return func(to io.Writer) error {
		if strings.EqualFold(filepath.Ext(path), ".txt") {
			for _, t := range w.texts {
				if _, err := io.WriteString(to, t+"\n"); err != nil {
					return err
				}
			}
			return nil
		}
		longest := 0
		for _, t := range w.tokens {
			longest = max(longest, len(t))
		}
		var b []byte
		for _, t := range w.tokens {
			for i := range longest {
				n := int32(-1)
				if i < len(t) {
					n = t[i]
				}
				b = binary.LittleEndian.AppendUint32(b, uint32(n))
			}
		}
		return calib.WriteRawNPY(to, tensor.Int32, []int{len(w.tokens), longest}, b)
	}
}
