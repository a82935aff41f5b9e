package observe

// MovingRate is the weight of a new batch in a MovingRange. Source: PyTorch's MovingAverageMinMaxObserver.
const MovingRate = 0.01

// MovingRange is the range of batches of values, averaged so that older ones count less and less: the first batch sets
// it, each later one moves its ends by MovingRate of the way to the batch's own. It so depends on the order of batches,
// as a Histogram does not. The zero value is ready.
type MovingRange struct {
	lo, hi float64
	begun  bool
}

// Add counts the values of x as one batch; what is not finite is passed over. It allocates nothing.
func (m *MovingRange) Add(x []float32) {
	any := false
	var lo, hi float32
	for _, v := range x {
		if v-v != 0 {
			continue
		}
		if !any {
			lo, hi, any = v, v, true
		}
		lo, hi = min(lo, v), max(hi, v)
	}
	switch {
	case !any:
	case !m.begun:
		m.lo, m.hi, m.begun = float64(lo), float64(hi), true
	default:
		m.lo += float64(MovingRate * (float64(lo) - m.lo))
		m.hi += float64(MovingRate * (float64(hi) - m.hi))
	}
}

// Range returns the averaged ends, 0 and 0 where there was no batch.
func (m *MovingRange) Range() (lo, hi float32) { return float32(m.lo), float32(m.hi) }
