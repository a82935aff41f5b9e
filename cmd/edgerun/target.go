package main

import (
	"strings"

	"edgerun/kernels"
)

// targets are the boards that inspect plans for, with the kernel set that each chooses.
var targets = []struct{ name, kernels string }{
	{"host", "auto"},
	{"pizero2", "neon"}, // Cortex-A53
	{"pi3", "neon"},     // Cortex-A53
	{"pi4", "neon"},     // Cortex-A72
	{"nano", "neon"},    // Cortex-A57
	{"xavier", "neon"},  // Carmel: ARMv8.2 without the dot product extension
	{"pi5", "dotprod"},  // Cortex-A76
	{"orin", "dotprod"}, // Cortex-A78AE
}

// targetSet returns the kernel set that the board chooses, foreign where this machine lacks it.
func targetSet(board string) (*kernels.Set, error) {
	for _, t := range targets {
		if t.name == board && t.kernels == "auto" {
			return kernels.Best(), nil
		}
		if t.name == board {
			return kernels.LookupAny(t.kernels)
		}
	}
	return nil, usagef("--target %q unknown; wanted one of %s", board, targetNames())
}

func targetNames() string {
	var names []string
	for _, t := range targets {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}
