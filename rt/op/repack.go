package op

// Repacker is a prepared float32 operator whose weights can be replaced between two Runs, for training. No session may share it.
type Repacker interface {
	// Repack takes weights as [taps][channels] and biases by channel; nil biases are zeros.
	Repack(w, bias []float32)
}

// Repack implements Repacker for a depthwise Conv2D.
func (d *depthwise) Repack(w, bias []float32) {
	taps, c, nr := d.win.taps(), d.win.channels, d.f32.NR
	for c0 := 0; c0 < c; c0 += nr {
		n := min(nr, c-c0)
		panel := d.packed.F32()[c0/nr*(d.panelBytes/4):]
		if bias == nil {
			clear(panel[:n])
		} else {
			copy(panel[:n], bias[c0:])
		}
		for t := range taps {
			copy(panel[(1+t)*nr:][:n], w[t*c+c0:])
		}
	}
}
