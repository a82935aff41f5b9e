package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// compared is a comparison's result. An SQNR of null means no noise at all.
type compared struct {
	Float     string          `json:"float"`
	Int8      string          `json:"int8"`
	Samples   int             `json:"samples"`
	Unmatched int             `json:"unmatched_values"`
	Agreement *tokenAgreement `json:"agreement,omitempty"`
	Layers    []comparedLayer `json:"layers"`
	hidden    int
}

type comparedLayer struct {
	Name    string   `json:"name"`
	Op      string   `json:"op"`
	Alone   *float64 `json:"sqnr_alone_db"`
	Network *float64 `json:"sqnr_network_db"`
	Cosine  float64  `json:"cosine"`
	MaxErr  float64  `json:"max_error"`
	Clipped float64  `json:"clipped"`
}

// result lists at most limit layers where limit is positive, the worst alone first, equals in the network's order.
func (c *comparison) result(limit int) *compared {
	r := &compared{Unmatched: c.unmatched, Samples: c.samples, Agreement: c.agreement}
	for _, l := range c.layers {
		r.Layers = append(r.Layers, comparedLayer{Name: l.name, Op: l.op, Alone: decibels(l.signalAlone, l.noiseAlone),
			Network: decibels(l.signal, l.noise), Cosine: cosine(l), MaxErr: l.worst, Clipped: float64(l.clipped) / float64(max(1, l.count))})
	}
	slices.SortStableFunc(r.Layers, func(a, b comparedLayer) int {
		switch {
		case a.Alone == nil && b.Alone == nil:
			return 0
		case b.Alone == nil || a.Alone != nil && *a.Alone < *b.Alone:
			return -1
		case a.Alone == nil || *a.Alone > *b.Alone:
			return 1
		}
		return 0
	})
	if limit > 0 && limit < len(r.Layers) {
		r.hidden = len(r.Layers) - limit
		r.Layers = r.Layers[:limit]
	}
	return r
}

// decibels is 10·log10(signal/noise), nil without noise, and no less than −200 where there is no signal.
func decibels(signal, noise float64) *float64 {
	if noise == 0 {
		return nil
	}
	db := max(float64(10*math.Log10(signal/noise)), -200)
	return &db
}

// cosine of two vectors of zeros is 1, of one and another 0.
func cosine(l *layerNoise) float64 {
	if l.signal == 0 && l.square == 0 {
		return 1
	}
	if l.signal == 0 || l.square == 0 {
		return 0
	}
	return l.cross / (math.Sqrt(l.signal) * math.Sqrt(l.square))
}

func (r *compared) print(w io.Writer) error {
	fmt.Fprintf(w, "%s against %s, %d samples; SQNR in dB, worst alone first\n", r.Int8, r.Float, r.Samples)
	db := func(v *float64) string {
		if v == nil {
			return "exact"
		}
		return fmt.Sprintf("%.1f", *v)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "alone\tnetwork\tcosine\tmax err\tclipped\toperator\tvalue\t")
	for _, l := range r.Layers {
		fmt.Fprintf(t, "%s\t%s\t%.5f\t%.4g\t%.2f %%\t%s\t%s\t\n", db(l.Alone), db(l.Network), l.Cosine, l.MaxErr, float64(100*l.Clipped), l.Op, l.Name)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.hidden > 0 {
		fmt.Fprintf(w, "… and %d more\n", r.hidden)
	}
	if r.Unmatched > 0 {
		fmt.Fprintf(w, "%d values of the float network have no int8 counterpart\n", r.Unmatched)
	}
	if r.Agreement != nil {
		r.Agreement.print(w)
	}
	return nil
}
