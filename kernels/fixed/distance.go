package fixed

// Sum16Squares is Sum16 over (x[i] − y[i])², each operation rounded to float32. y has as many elements as x.
func Sum16Squares(x, y []float32) float32 {
	var p [16]float32
	for i, v := range x {
		d := v - y[i]
		p[i&15] += float32(d * d)
	}
	return Reduce16(&p)
}

// Sum16Abs is Sum16 over |x[i] − y[i]|.
func Sum16Abs(x, y []float32) float32 {
	var p [16]float32
	for i, v := range x {
		d := v - y[i]
		p[i&15] += max(d, -d)
	}
	return Reduce16(&p)
}

// MaxAbs is the largest |x[i] − y[i]|, +0 for no elements; NaN wins.
func MaxAbs(x, y []float32) float32 {
	m := float32(0)
	for i, v := range x {
		d := v - y[i]
		m = max(m, d, -d)
	}
	return m
}
