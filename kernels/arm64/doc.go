// Package arm64 holds the arm64 assembly kernels, one per .s file. Other machines get the packing of weights alone, to
// plan a board's memory with.
package arm64
