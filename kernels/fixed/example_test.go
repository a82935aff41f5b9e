package fixed_test

import (
	"fmt"

	"edgerun/kernels/fixed"
)

// An accumulator of 1000 in units of 0.0123 is 12.3, which rounds to 12.
func ExampleMBQM() {
	m, s := fixed.Quantize(0.0123)
	fmt.Println(m, s, fixed.MBQM(1000, m, s))
	// Output: 1690499128 -6 12
}
