//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package loader

import (
	"os"
	"syscall"
)

// lockFile keeps a file to this process until it is closed, or fails at once where another has it.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
