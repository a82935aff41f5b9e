//go:build !linux

package kernels_test

// Without mmap there are no guard pages; the canaries remain.

func mapGuarded(n int) []byte { return make([]byte, n) }
func unmapGuarded([]byte)     {}
