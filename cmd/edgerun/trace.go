package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"edgerun/rt"
)

// traceEvent is one event of the Trace Event Format, which chrome://tracing and Perfetto read: "X" a slice, "M" a name.
type traceEvent struct {
	Name  string         `json:"name"`
	Cat   string         `json:"cat,omitempty"`
	Phase string         `json:"ph"`
	Start float64        `json:"ts"`  // µs
	Dur   float64        `json:"dur"` // µs
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Args  map[string]any `json:"args,omitempty"`
}

// traceRuns is how many inferences a trace holds.
const traceRuns = 20

// trace runs the program a few times and returns what its workers did; the runs before are not recorded.
func trace(ctx context.Context, p *rt.Program, pool *rt.Pool, warmup int, given inputs) ([]traceEvent, error) {
	s := p.NewSession(pool)
	layers := p.Layers()
	tr := s.NewTrace(traceRuns * len(layers))
	if given == nil {
		given = randomInputs(s)
	}
	for i := range warmup + traceRuns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i == warmup {
			s.SetTrace(tr)
		}
		given.fill(s)
		s.Run()
	}
	return traceEvents(layers, tr), nil
}

func traceEvents(layers []rt.Layer, tr *rt.Trace) []traceEvent {
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	slice := func(name, cat string, tid int, s rt.Slice, args map[string]any) traceEvent {
		return traceEvent{Name: name, Cat: cat, Phase: "X", Start: us(s.Start), Dur: us(s.End - s.Start), TID: tid, Args: args}
	}
	var events []traceEvent
	for w := range tr.Workers() {
		events = append(events, traceEvent{Name: "thread_name", Phase: "M", TID: w, Args: map[string]any{"name": fmt.Sprint("worker ", w)}})
	}
	for _, r := range tr.Runs() {
		events = append(events, slice("inference", "run", 0, r, map[string]any{"run": r.Run}))
	}
	for w := range tr.Workers() {
		for _, s := range tr.Worker(w) {
			l := layers[s.Step]
			events = append(events, slice(l.Node.Name, l.Node.Op.Name, w, s, map[string]any{"run": s.Run, "tasks": s.Tasks,
				"kernel": l.Info.Kernel, "macs": l.MACs, "bytes": layerBytes(l)}))
		}
	}
	return events
}

// layerBytes is what a layer reads and writes at least: inputs, outputs and packed weights.
func layerBytes(l rt.Layer) int {
	n := l.Info.PackedBytes
	for _, v := range l.Node.In {
		if v != nil && v.Const == nil {
			n += v.SizeBytes()
		}
	}
	for _, v := range l.Node.Out {
		n += v.SizeBytes()
	}
	return n
}

func writeTrace(w io.Writer, events []traceEvent) error {
	return json.NewEncoder(w).Encode(struct {
		Events []traceEvent `json:"traceEvents"`
		Unit   string       `json:"displayTimeUnit"`
	}{events, "ns"})
}
