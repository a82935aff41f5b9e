package optest

import "edgerun/kernels"

// Sets returns the kernel sets that whole networks and operators run on, the one to compare with first: all of this CPU,
// but under an emulator the newest two. An emulated core of the kind before ran the rest, whose code is the same on both,
// and the tests of the kernels compare all sets on each core.
func Sets(emulated bool) []*kernels.Set {
	sets := kernels.All()
	if emulated {
		sets = sets[max(0, len(sets)-2):]
	}
	return sets
}

// Threads returns the numbers of threads for a set: 1 to 3, but under an emulator 1 for the first set and 1 and 3, which
// never split evenly in two, for the one under test.
func Threads(emulated, first bool) []int {
	switch {
	case !emulated:
		return []int{1, 2, 3}
	case first:
		return []int{1}
	}
	return []int{1, 3}
}
