package calib

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"edgerun/rt/tensor"
)

// table is a .csv file in memory.
type table struct {
	path   string
	wide   int // numbers in a row
	values []float32
	labels []string // nil without a column of labels
	rows   int
}

// openCSV reads a .csv file of samples.
func openCSV(path string) (Dataset, error) {
	b, err := readAll(path, maxTable)
	if err != nil {
		return nil, err
	}
	if rows, ok, err := textTable(b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	} else if ok {
		return &texts{path: path, rows: rows}, nil
	}
	t, err := parseCSV(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.path = path
	return t, nil
}

// parseCSV reads rows of numbers. The first row is one of names if a field of it is no number.
func parseCSV(b []byte) (*table, error) {
	r := csvReader(b)
	t := &table{}
	column := -1 // of labels
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, csvError(err)
		}
		if first {
			t.wide = len(row)
			if names := slices.ContainsFunc(row, func(s string) bool { _, err := number(s); return err != nil }); names {
				if column = labelColumn(row); column >= 0 {
					t.wide--
				}
				if t.wide == 0 {
					return nil, errors.New("no column of numbers")
				}
				continue
			}
		}
		for i, s := range row {
			if i == column {
				t.labels = append(t.labels, strings.TrimSpace(s))
				continue
			}
			v, err := number(s)
			if err != nil {
				line, _ := r.FieldPos(i)
				return nil, fmt.Errorf("line %d, column %d: %.40q is no float32 number", line, i+1, s)
			}
			t.values = append(t.values, v)
		}
		t.rows++
	}
	if t.rows == 0 {
		return nil, errors.New("no rows of numbers")
	}
	return t, nil
}

func csvReader(b []byte) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	return r
}

// csvError words encoding/csv's errors as ours.
func csvError(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("line %d: %w", p.Line, p.Err)
	}
	return err
}

func number(s string) (float32, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 32)
	return float32(v), err
}

func labelColumn(row []string) int {
	return slices.IndexFunc(row, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "label") })
}

func (t *table) Len() int { return t.rows }

func (t *table) Sample(i int) (Sample, error) {
	if i < 0 || i >= t.rows {
		return Sample{}, fmt.Errorf("%s: sample %d outside [0,%d)", t.path, i, t.rows)
	}
	s := Sample{Name: fmt.Sprintf("%s: sample %d", t.path, i), Shape: []int{t.wide}, DType: tensor.Float32, Numbers: t.values[i*t.wide:][:t.wide:t.wide]}
	if t.labels != nil {
		s.Label = t.labels[i]
	}
	return s, nil
}

// labelsCSV returns the column "label" of a .csv file with a first line of names, or its only column.
func labelsCSV(path string) ([]string, error) {
	b, err := readAll(path, maxLabels)
	if err != nil {
		return nil, err
	}
	r := csvReader(b)
	var labels []string
	column := 0
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, csvError(err))
		}
		if first {
			if c := labelColumn(row); c >= 0 {
				column = c
				continue
			}
			if len(row) != 1 {
				return nil, fmt.Errorf("%s: %d columns; wanted one, or one named \"label\"", path, len(row))
			}
		}
		labels = append(labels, strings.TrimSpace(row[column]))
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("%s: no labels", path)
	}
	return labels, nil
}
