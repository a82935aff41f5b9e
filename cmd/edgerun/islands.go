package main

import (
	"fmt"
	"io"
	"strings"

	"edgerun/loader"
	"edgerun/quant"
)

// whyPrefix begins the names of a model file's notes on layers that stayed float32, for reasons that its graph does not tell.
const whyPrefix = "float32 "

// noteIslands puts what only the quantizer knows into the file's notes.
func noteIslands(m *loader.Model, r *quant.Result) {
	for name, text := range r.Why {
		m.Meta[whyPrefix+name] = text
	}
}

// islandTexts are the float32 islands of an int8 network, a line each.
func islandTexts(m *loader.Model) []string {
	why := map[string]string{}
	for key, text := range m.Meta {
		if name, ok := strings.CutPrefix(key, whyPrefix); ok {
			why[name] = text
		}
	}
	var all []string
	for _, is := range quant.Islands(m.Graph, why) {
		all = append(all, is.Text())
	}
	return all
}

func printIslands(w io.Writer, texts []string) {
	for _, text := range texts {
		fmt.Fprintln(w, "  float32 island:", text)
	}
}
