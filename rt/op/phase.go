package op

// phase is the outputs of a transposed convolution whose rows are first[0] modulo the vertical stride and whose
// columns are first[1] modulo the horizontal one. taps of the weights meet them; an axis without any has none.
type phase struct {
	first [2]int
	tap   [2][]int // kernel rows and columns, ascending
}

// phases lists those that have outputs.
func phases(w *window) []phase {
	axis := func(i int) (taps [][]int) {
		for p := range min(w.stride[i], w.out[i]) {
			var t []int
			for k := range w.kernel[i] {
				if (p+w.pad[i]-k*w.dilation[i])%w.stride[i] == 0 {
					t = append(t, k)
				}
			}
			taps = append(taps, t)
		}
		return taps
	}
	var all []phase
	columns := axis(1)
	for py, ty := range axis(0) {
		for px, tx := range columns {
			all = append(all, phase{first: [2]int{py, px}, tap: [2][]int{ty, tx}})
		}
	}
	return all
}

// empty reports a phase that no tap meets: its products have one tap of zeros, for a kernel wants some.
func (p *phase) empty() bool { return len(p.tap[0]) == 0 || len(p.tap[1]) == 0 }

func (p *phase) taps() int { return max(1, len(p.tap[0])*len(p.tap[1])) }

// phaseWeights picks the phase's taps out of weights [channels][KH][KW][depth].
func phaseWeights[T int8 | float32](w []T, win *window, p *phase, channels, depth int) []T {
	out := make([]T, 0, channels*p.taps()*depth)
	if p.empty() {
		return out[:cap(out)]
	}
	for o := range channels {
		for _, ky := range p.tap[0] {
			for _, kx := range p.tap[1] {
				at := ((o*win.kernel[0]+ky)*win.kernel[1] + kx) * depth
				out = append(out, w[at:at+depth]...)
			}
		}
	}
	return out
}

// indirect has one block for each output row of the phase; rows that meet the picture's edges alike share a table.
// channel is the first input channel.
func (p *phase) indirect(w *window, channel, mr int) indirection {
	var ind indirection
	rows := (w.out[1] - p.first[1] + w.stride[1] - 1) / w.stride[1]
	type key struct{ first, count int }
	seen := map[key]int{}
	for oy := p.first[0]; oy < w.out[0]; oy += w.stride[0] {
		// The kernel rows that meet the picture are neighbours in tap[0]; the last one meets the uppermost row.
		k, top := key{}, 0
		for i, ky := range p.tap[0] {
			if iy := p.source(w, 0, oy, ky); iy >= 0 {
				if k.count == 0 {
					k.first = i
				}
				k.count++
				top = iy
			}
		}
		shift := top * w.in[1] * w.channels
		table, ok := seen[k]
		if !ok {
			table = len(ind.tables)
			seen[k] = table
			ind.tables = append(ind.tables, p.table(w, oy, rows, shift-channel, mr))
		}
		ind.blocks = append(ind.blocks, block{table: table, shift: shift, first: oy*w.out[1] + p.first[1], rows: rows})
	}
	return ind
}

// source is the input row or column that tap k brings to output o, −1 where there is none.
func (p *phase) source(w *window, axis, o, k int) int {
	i := o + w.pad[axis] - k*w.dilation[axis]
	if i < 0 || i/w.stride[axis] >= w.in[axis] {
		return -1
	}
	return i / w.stride[axis]
}

func (p *phase) table(w *window, oy, rows, shift, mr int) []int32 {
	taps := p.taps()
	table := make([]int32, (rows+mr-1)/mr*mr*taps)
	for i := range (rows + mr - 1) / mr * mr {
		ox := p.first[1] + min(i, rows-1)*w.stride[1]
		place := (i/mr*taps)*mr + i%mr
		if p.empty() {
			table[place] = -1
			continue
		}
		for _, ky := range p.tap[0] {
			iy := p.source(w, 0, oy, ky)
			for _, kx := range p.tap[1] {
				table[place] = -1
				if ix := p.source(w, 1, ox, kx); iy >= 0 && ix >= 0 {
					table[place] = int32((iy*w.in[1]+ix)*w.channels - shift)
				}
				place += mr
			}
		}
	}
	return table
}
