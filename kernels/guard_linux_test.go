package kernels_test

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapGuarded returns at least n bytes, whole pages, with an unreadable page on each side.
func mapGuarded(n int) []byte {
	page := os.Getpagesize()
	n = (n + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, n+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for _, p := range [][]byte{all[:page], all[page+n:]} {
		if err := unix.Mprotect(p, unix.PROT_NONE); err != nil {
			panic(err)
		}
	}
	return all[page:][:n:n]
}

func unmapGuarded(r []byte) {
	if len(r) == 0 {
		return
	}
	page := os.Getpagesize()
	start := unsafe.Add(unsafe.Pointer(unsafe.SliceData(r)), -page)
	if err := unix.Munmap(unsafe.Slice((*byte)(start), len(r)+2*page)); err != nil {
		panic(err)
	}
}
