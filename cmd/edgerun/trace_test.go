package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"edgerun/rt"
)

// TestTraceFile: the file parses, every layer has a slice in every run, and the slices of a thread lie one behind the
// other, inside of the inference where they are the caller's.
func TestTraceFile(t *testing.T) {
	prog, err := rt.Compile(network(t, "cnn", true), rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pool := rt.NewPool(3)
	defer pool.Close()
	events, err := trace(context.Background(), prog, pool, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := writeTrace(&file, events); err != nil {
		t.Fatal(err)
	}
	var got struct{ TraceEvents []traceEvent }
	if err := json.Unmarshal(file.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	const slack = 0.0005 // half a nanosecond, in µs
	ends, seen, inferences := map[int]float64{}, map[string]int{}, []traceEvent{}
	for _, e := range got.TraceEvents {
		if e.Phase == "M" {
			continue
		}
		if e.Phase != "X" || e.Dur < 0 {
			t.Errorf("event %+v", e)
		}
		if e.Cat == "run" {
			inferences = append(inferences, e)
			continue
		}
		if e.Start < ends[e.TID]-slack {
			t.Errorf("slice %+v overlaps what ends at %v", e, ends[e.TID])
		}
		ends[e.TID] = e.Start + e.Dur
		inside := inferences[int(e.Args["run"].(float64))]
		if e.Start < inside.Start-slack || e.Start+e.Dur > inside.Start+inside.Dur+slack {
			t.Errorf("slice %+v outside of %+v", e, inside)
		}
		if e.Args["kernel"] == "" || e.Args["bytes"].(float64) <= 0 {
			t.Errorf("slice %+v has no kernel or bytes", e)
		}
		seen[e.Name]++
	}
	if len(inferences) != traceRuns {
		t.Errorf("%d inferences, want %d", len(inferences), traceRuns)
	}
	for _, l := range prog.Layers() {
		if n := seen[l.Node.Name]; !l.View && n < traceRuns || l.View && n != 0 {
			t.Errorf("%s: %d slices in %d runs", l.Node.Name, n, traceRuns)
		}
	}
}
