package arm64

import (
	"os"
	"syscall"
	"unsafe"

	"edgerun/kernels/abi"
)

var regions [][]byte

// guard is n elements between unreadable pages, with slack readable bytes behind them.
func guard[T any](n, slack int) []T {
	page := os.Getpagesize()
	var zero T
	size := n*int(unsafe.Sizeof(zero)) + slack
	pages := (size + page - 1) / page
	m, err := syscall.Mmap(-1, 0, (pages+2)*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for _, edge := range [][]byte{m[:page], m[(pages+1)*page:]} {
		if err := syscall.Mprotect(edge, syscall.PROT_NONE); err != nil {
			panic(err)
		}
	}
	regions = append(regions, m)
	start := (pages+1)*page - size
	for i := range m[page:start] {
		m[page+i] = 0x7f
	}
	for i := range slack {
		m[start+size-slack+i] = 0x81
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&m[start])), n)
}

func release() {
	for _, m := range regions {
		syscall.Munmap(m)
	}
	regions = regions[:0]
}

func in[T any](n int) []T  { return guard[T](n, abi.Slack) }
func out[T any](n int) []T { return guard[T](n, 0) }

func put[T any](x []T) []T { y := in[T](len(x)); copy(y, x); return y }
