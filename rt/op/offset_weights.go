package op

// Weights with a zero point. A product takes codes, so what it multiplies by is w − z, which may need more than a byte: it
// is then the sum of two or three parts, each of which is taken by taps of its own that read the same inputs. All kernels
// stay exact, and the sum is one.

// weightParts returns w − z as a sum of as few parts in [−127, 127] as all weights allow, or w itself where all z are 0.
// Weights are [channels][…].
func weightParts(w *Arg) [][]int8 {
	codes, channels := w.Const.Data.I8(), w.Shape.Dim[0]
	per, zeros := len(codes)/channels, w.Quant.Zero
	rest, most := make([]int16, len(codes)), int16(0)
	offset := false
	for i, v := range codes {
		z := zeros[min(i/per, len(zeros)-1)]
		offset = offset || z != 0
		rest[i] = int16(v) - int16(z)
		most = max(most, rest[i], -rest[i])
	}
	if !offset {
		return [][]int8{codes}
	}
	var parts [][]int8
	for {
		part := make([]int8, len(codes))
		for i, v := range rest {
			part[i] = int8(min(max(v, -127), 127))
			rest[i] -= int16(part[i])
		}
		if parts = append(parts, part); most <= 127 {
			return parts
		}
		most -= 127
	}
}

// stack puts the parts of each of channels side by side: [channels][parts][…].
func stack(parts [][]int8, channels int) []int8 {
	if len(parts) == 1 {
		return parts[0]
	}
	per := len(parts[0]) / channels
	all := make([]int8, 0, len(parts)*len(parts[0]))
	for c := range channels {
		for _, p := range parts {
			all = append(all, p[c*per:(c+1)*per]...)
		}
	}
	return all
}

// repeatTaps lets the taps of build's rows be read once for each part.
func repeatTaps(build func(mr int) indirection, taps, parts int) func(mr int) indirection {
	if parts == 1 {
		return build
	}
	return func(mr int) indirection {
		ind := build(mr)
		for i, t := range ind.tables {
			var all []int32
			for tile := taps * mr; len(t) > 0; t = t[tile:] {
				for range parts {
					all = append(all, t[:tile]...)
				}
			}
			ind.tables[i] = all
		}
		return ind
	}
}
