package onnx

import (
	"slices"
	"strings"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// importEinsum translates equations of one or two operands whose letters occur once in each: axes that the result has not
// are summed, those of one operand alone at once, those of both by a product of matrices.
func importEinsum(c *call) {
	c.inputs(1, 2)
	equation := strings.ReplaceAll(c.string("equation", ""), " ", "")
	left, out, explicit := strings.Cut(equation, "->")
	terms := strings.Split(left, ",")
	if c.err == nil && (!explicit || len(terms) != len(c.in) || strings.Contains(equation, ".")) {
		c.unsupported("equation %s", quote(equation))
	}
	for i := range c.in {
		c.floats(i)
	}
	for i, term := range append(slices.Clone(terms), out) {
		if c.err == nil && (repeats(term) || i < len(c.in) && len(term) != c.in[i].Shape.Rank || i == len(terms) && strings.Trim(out, left) != "") {
			c.unsupported("equation %s of these operands", quote(equation))
		}
	}
	if c.err != nil {
		return
	}
	if len(c.in) == 1 {
		y, axes := c.sumAway(c.in[0], terms[0], out, "/sum")
		c.set(0, c.arrange(y, axes, out, ""))
		return
	}
	a, axesA := c.sumAway(c.in[0], terms[0], out+terms[1], "/a")
	b, axesB := c.sumAway(c.in[1], terms[1], out+terms[0], "/b")
	var batch, inner, rows, cols string
	for _, r := range axesA {
		l := string(r)
		switch both := strings.Contains(axesB, l); {
		case both && strings.Contains(out, l):
			batch += l
		case both:
			inner += l
		default:
			rows += l
		}
	}
	for _, r := range axesB {
		if !strings.ContainsRune(axesA, r) {
			cols += string(r)
		}
	}
	if len(rows) > 1 || len(cols) > 1 || len(inner) > 1 {
		c.unsupported("equation %s, with more than one axis of a kind", quote(equation))
		return
	}
	for _, l := range batch + inner {
		if da, db := a.Shape.Dim[strings.IndexRune(axesA, l)], b.Shape.Dim[strings.IndexRune(axesB, l)]; da != db {
			c.fail("equation %s: axis %c is %d and %d", quote(equation), l, da, db)
			return
		}
	}
	// An axis that is missing has extent 1.
	matrix := func(v *graph.Value, axes, row, col, name string) *graph.Value {
		v = c.arrange(v, axes, batch+row+col, name)
		from := count(len(batch))
		at := len(batch)
		for _, l := range []string{row, col} {
			if l == "" {
				from = append(from, -1)
			} else {
				from = append(from, at)
				at++
			}
		}
		if row != "" && col != "" {
			return v
		}
		return c.rearrange(v, name+"/axis", from)
	}
	y := c.emit(op.BatchMatMul, "", nil, matrix(a, axesA, rows, inner, "/a"), matrix(b, axesB, inner, cols, "/b"))
	if rows == "" || cols == "" {
		from := count(len(batch))
		if rows != "" {
			from = append(from, len(batch))
		}
		if cols != "" {
			from = append(from, len(batch)+1)
		}
		y = c.rearrange(y, "/result", from)
	}
	c.set(0, c.arrange(y, batch+rows+cols, out, "/order"))
}

func repeats(letters string) bool {
	for i, r := range letters {
		if strings.ContainsRune(letters[:i], r) {
			return true
		}
	}
	return false
}

// sumAway sums the axes of v that are not in keep, and returns those that are left.
func (c *call) sumAway(v *graph.Value, axes, keep, suffix string) (*graph.Value, string) {
	var summed []int
	left := ""
	for i, r := range axes {
		if strings.ContainsRune(keep, r) {
			left += string(r)
		} else {
			summed = append(summed, i)
		}
	}
	if summed == nil {
		return v, axes
	}
	return c.emit(op.Sum, suffix, op.Attrs{op.IntsAttr("axes", summed...)}, v), left
}

// arrange permutes axes into another order.
func (c *call) arrange(v *graph.Value, axes, want, suffix string) *graph.Value {
	if axes == want || c.err != nil {
		return v
	}
	perm := make([]int, len(want))
	for i, r := range want {
		perm[i] = strings.IndexRune(axes, r)
	}
	return c.transpose(v, suffix, perm...)
}
