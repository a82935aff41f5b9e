package main

import (
	"bufio"
	"fmt"

	"edgerun/rt"
	"edgerun/rt/task"
)

// printer writes answers, one line a sample, and for networks of several outputs one more for each of these.
type printer struct {
	w       *bufio.Writer
	json    bool
	answers *answerer
}

// answered is a sample's answer; what is not of its task is missing.
type answered struct {
	File      string        `json:"file"`
	Sample    int           `json:"sample"`
	Answers   []answer      `json:"answers,omitempty"`
	Score     *float32      `json:"score,omitempty"`
	Anomalous *bool         `json:"anomalous,omitempty"`
	Values    []value       `json:"values,omitempty"`
	Output    []float32     `json:"output"`            // the first one
	Outputs   []outputArray `json:"outputs,omitempty"` // all, where there are several
}

type answer struct {
	Class       int     `json:"class"`
	Label       string  `json:"label,omitempty"`
	Probability float32 `json:"probability"`
}

type value struct {
	Name  string  `json:"name,omitempty"`
	Value float32 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
}

// print writes the answer to sample i of the file at path, for which the network was given in and returned out; the session
// that ran it has the other outputs.
func (p *printer) print(path string, i int, in, out []float32, s *rt.Session) error {
	a := answered{File: path, Sample: i, Output: out}
	var err error
	if a.Outputs, err = outputArrays(s); err != nil {
		return err
	}
	switch p.answers.spec.Kind {
	case task.KindClassify:
		top, err := p.answers.classifier.Classify(out)
		if err != nil {
			return err
		}
		for _, c := range top {
			a.Answers = append(a.Answers, answer{c.Class, p.answers.label(c.Class), c.Probability})
		}
	case task.KindAnomaly:
		v, err := p.answers.detector.Detect(in, out)
		if err != nil {
			return err
		}
		a.Score, a.Anomalous = &v.Score, &v.Anomalous
	case task.KindRegress:
		values, err := p.answers.regressor.Values(out)
		if err != nil {
			return err
		}
		for k, v := range values {
			a.Values = append(a.Values, value{p.answers.label(k), v, p.answers.regressor.Unit(k)})
		}
	}
	if p.json {
		return writeJSONLine(p.w, a)
	}
	return p.text(&a)
}

func (p *printer) text(a *answered) error {
	fmt.Fprintf(p.w, "%s[%d]:", a.File, a.Sample)
	switch p.answers.spec.Kind {
	case task.KindClassify:
		for _, c := range a.Answers {
			name := c.Label
			if name == "" {
				name = fmt.Sprint("class ", c.Class)
			}
			fmt.Fprintf(p.w, "  %s %.1f %%", name, float64(100*c.Probability))
		}
		if len(a.Answers) == 0 {
			fmt.Fprint(p.w, "  no answer")
		}
	case task.KindAnomaly:
		word := "normal"
		if *a.Anomalous {
			word = "anomalous"
		}
		fmt.Fprintf(p.w, "  %s  score %.6g", word, *a.Score)
	case task.KindRegress:
		for _, v := range a.Values {
			fmt.Fprint(p.w, "  ")
			if v.Name != "" {
				fmt.Fprintf(p.w, "%s ", v.Name)
			}
			fmt.Fprintf(p.w, "%g", v.Value)
			if v.Unit != "" {
				fmt.Fprintf(p.w, " %s", v.Unit)
			}
		}
	default:
		if a.Outputs == nil {
			p.values(a.Output)
		}
	}
	for _, o := range a.Outputs {
		fmt.Fprintf(p.w, "\n  %s %v:", o.Name, o.Shape)
		p.values(o.Values)
	}
	return p.w.WriteByte('\n')
}

func (p *printer) values(all []float32) {
	const most = 16
	for _, v := range all[:min(len(all), most)] {
		fmt.Fprintf(p.w, " %g", v)
	}
	if len(all) > most {
		fmt.Fprintf(p.w, " … (%d values)", len(all))
	}
}
