package kernels

import (
	"fmt"
	"strings"

	"edgerun/kernels/arm64"
)

// shapeNEON sets the classes of any arm64 that shape a program: those with tiles and packed weights. It is the one place
// that says so for the machine itself and for others that plan for it.
func shapeNEON(s *Set) {
	s.Name, s.Feature = "neon", "Advanced SIMD, which every arm64 has"
	s.GemmS8, s.GemmF32 = arm64.GemmS8NEON, arm64.GemmF32NEON
	s.GemvS8 = arm64.GemvS8NEON
	s.DWConvS8, s.DWConvF32 = arm64.DWConvS8NEON, arm64.DWConvF32NEON
}

// shapeDotProd does it for arm64 with the dot product extension, from the set of any arm64.
func shapeDotProd(s *Set) {
	s.Name, s.Feature = "dotprod", "FEAT_DotProd (asimddp): Cortex-A55, A76 and later"
	s.GemmS8, s.GemvS8, s.DWConvS8 = arm64.GemmS8DotProd, arm64.GemvS8DotProd, arm64.DWConvS8DotProd
}

// boardSets returns the sets of boards, to plan with: what does not shape a program is portable in them.
func boardSets() []*Set {
	neon := Generic()
	shapeNEON(neon)
	neon.Foreign = true
	dotprod := *neon
	shapeDotProd(&dotprod)
	return []*Set{neon, &dotprod}
}

// LookupAny returns the set with the given name, even where this CPU cannot run it: such a set is Foreign.
func LookupAny(name string) (*Set, error) {
	var have []string
	for _, s := range append(All(), boardSets()...) {
		if s.Name == name {
			return s, nil
		}
		have = append(have, s.Name)
	}
	return nil, fmt.Errorf("kernels: no set %q; there are %s", name, strings.Join(have, ", "))
}
