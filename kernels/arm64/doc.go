// Package arm64 holds the arm64 assembly kernels, one per .s file. On other machines it is empty.
package arm64
