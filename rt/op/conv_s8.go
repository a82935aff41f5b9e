package op

// convS8 is what the int8 products of a convolution with weights [O,…] share: all of gemmS8Params but the weights and
// the rows, for all output channels. Source: TFLite PopulateConvolutionQuantizationParams.
func convS8(p *Prepare) (*gemmS8Params, error) {
	x, w, y := &p.In[0], &p.In[1], &p.Out[0]
	sx, zx, err := perTensor("input", &x.Type)
	if err != nil {
		return nil, err
	}
	sy, zy, err := perTensor("output", &y.Type)
	if err != nil {
		return nil, err
	}
	if err := weightsS8(w); err != nil {
		return nil, err
	}
	channels := w.Shape.Dim[0]
	bias, err := biasS8(optional(p.Node, 2), channels)
	if err != nil {
		return nil, err
	}
	g := &gemmS8Params{bias: bias, zx: zx, zy: zy, inSlot: x.Slot, outSlot: y.Slot}
	multipliers := channelMultipliers
	if p.Attrs.Int("unsigned", 0) != 0 {
		multipliers = layerMultipliers
	}
	g.mult, g.shift = multipliers(sx, w.Quant.Scale, sy, channels)
	g.lo, g.hi = clampS8(p.Attrs, sy, zy)
	return g, nil
}

// channelRange returns the parameters of output channels [c0,c1).
func (g *gemmS8Params) channelRange(c0, c1 int) *gemmS8Params {
	c := *g
	c.bias, c.mult, c.shift = g.bias[c0:c1], g.mult[c0:c1], g.shift[c0:c1]
	return &c
}
