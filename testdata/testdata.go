// Package testdata embeds the networks and data that `edgerun demo` shows. See README.md for where they come from.
package testdata

import "embed"

// Digits holds two networks that read digits, a test set, a calibration set and labels.
//
//go:embed digits/mlp.onnx digits/cnn.onnx digits/test_x.npy digits/test_y.npy digits/calib_x.npy digits/labels.txt
var Digits embed.FS
