// Package amd64 holds the amd64 assembly kernels, one per .s file. On other machines it is empty.
package amd64
