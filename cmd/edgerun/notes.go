package main

import (
	"fmt"
	"io"

	"edgerun/quant/calib"
)

// cutTexts are texts that had more tokens than a network takes.
type cutTexts struct {
	seen map[string]bool // calibration feeds its samples twice
	all  []cutText
}

type cutText struct {
	name       string
	kept, left int
}

func (c *cutTexts) add(name string, kept, left int) {
	if left == 0 || c.seen[name] {
		return
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[name] = true
	c.all = append(c.all, cutText{name, kept, left})
}

// print tells of the texts met since it was called last.
func (c *cutTexts) print(w io.Writer) {
	const most = 5
	for i, t := range c.all {
		if i == most {
			fmt.Fprintf(w, "%d more texts are cut\n", len(c.all)-most)
			break
		}
		fmt.Fprintf(w, "%s: has %d tokens, and the network takes %d: the last %d are left out\n", t.name, t.kept+t.left, t.kept, t.left)
	}
	c.all = c.all[:0]
}

// noteBlank tells which lines of a file of texts are no samples.
func noteBlank(w io.Writer, path string, ds calib.Dataset) {
	switch lines := calib.BlankLines(ds); len(lines) {
	case 0:
	case 1:
		fmt.Fprintf(w, "%s: line %d is blank and left out\n", path, lines[0])
	default:
		fmt.Fprintf(w, "%s: %d blank lines are left out, the first is line %d\n", path, len(lines), lines[0])
	}
}
