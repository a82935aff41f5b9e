package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
)

// shiftCase is what PyTorch reached on one network, in float32, and how: accuracies in percent.
type shiftCase struct {
	Shift     string  `json:"shift"`
	Net       string  `json:"net"`
	Layers    int     `json:"layers"`
	Biases    bool    `json:"biases"`
	Replay    bool    `json:"replay"`
	Epochs    int     `json:"epochs"`
	Rate      float64 `json:"rate"`
	Before    float64 `json:"before"`
	OldBefore float64 `json:"old_before"`
	After     float64 `json:"after"`
	OldAfter  float64 `json:"old_after"`
}

// TestShifts tunes networks to data that they were not made for and holds the int8 files to what PyTorch reaches in float32
// with the same layers, samples and hyper-parameters. EDGERUN_SHIFTS names the folder that testdata/gen/shifts.py wrote.
func TestShifts(t *testing.T) {
	dir := os.Getenv("EDGERUN_SHIFTS")
	if dir == "" {
		t.Skip("EDGERUN_SHIFTS names no folder: see .ci/full")
	}
	for _, shift := range []string{"digits", "gestures", "keywords"} {
		t.Run(shift, func(t *testing.T) { testShift(t, filepath.Join(dir, shift)) })
	}
}

func testShift(t *testing.T, dir string) {
	b, err := os.ReadFile(filepath.Join(dir, "torch.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []shiftCase
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tbefore\tint8\tafter\tint8\told before\tint8\told after\tint8\t")
	for _, c := range cases {
		model := fmt.Sprintf("../../testdata/%s/%s.edge", c.Shift, c.Net)
		data := func(name string) (x, labels string) {
			return filepath.Join(dir, name+"_x.npy"), filepath.Join(dir, name+"_y.npy")
		}
		tuned := filepath.Join(t.TempDir(), "tuned.edge")
		x, labels := data("learn")
		args := []string{model, "-o", tuned, "--data", x, "--labels", labels, "--gate", "none", "--checkpoint", "none", "--hold-out", "0",
			"--layers", fmt.Sprint(c.Layers), "--epochs", fmt.Sprint(c.Epochs), "--rate", fmt.Sprint(c.Rate)}
		name := fmt.Sprintf("%s, last %d", c.Net, c.Layers)
		if c.Biases {
			args, name = append(args, "--biases"), name+", biases"
		}
		if c.Replay {
			x, labels := data("replay")
			args, name = append(args, "--replay", x, "--replay-labels", labels, "--replay-samples", "1000000"), name+", replay"
		}
		output(t, finetuneCommand(), args...)
		x, labels = data("test")
		fresh := accuracies(t, x, labels, model, tuned)
		x, labels = data("old")
		old := accuracies(t, x, labels, model, tuned)
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", name, c.Before, fresh[0], c.After, fresh[1], c.OldBefore, old[0], c.OldAfter, old[1])
		if fresh[1] < c.After-1 {
			t.Errorf("%s: accuracy %.2f %%, PyTorch reaches %.2f %%", name, fresh[1], c.After)
		}
		if c.Replay && old[1] < old[0]-1 {
			t.Errorf("%s: accuracy %.2f %% on what the network knew, %.2f %% before", name, old[1], old[0])
		}
	}
	w.Flush()
	t.Logf("accuracy in %%, of PyTorch and of the int8 file\n%s", &table)
}

// accuracies measures models, in percent.
func accuracies(t *testing.T, data, labels string, models ...string) (all []float64) {
	t.Helper()
	var got []struct{ Accuracy float64 }
	text := output(t, evalCommand(), append(models, "--data", data, "--labels", labels, "--json")...)
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != len(models) {
		t.Fatalf("%v in %s", err, text)
	}
	for _, m := range got {
		all = append(all, 100*m.Accuracy)
	}
	return all
}
