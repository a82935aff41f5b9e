// Package calib supplies what quantization is decided from: data sets on the one hand, ranges and scales on the other.
//
//	.npy .csv .png .jpg .bmp .wav, folders ──Open──▶ Dataset ──Feed──▶ a network's input
//	activations ──Collector──▶ [lo, hi] ──Activation──▶ scale and zero point
//	weights ──Weights──▶ scales ──Codes──▶ int8
//
// Readers trust no file: any bytes give an error that names the file, and no size that a file claims is believed
// before it was compared with what is there. Errors of a data set begin with its path, whatever command reads it.
package calib
