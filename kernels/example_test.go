package kernels_test

import (
	"fmt"

	"edgerun/kernels"
)

func ExampleLookup() {
	set, err := kernels.Lookup("generic")
	fmt.Println(set.Name, set.GemmS8.MR, set.GemmS8.NR, err)
	// Output: generic 1 1 <nil>
}
