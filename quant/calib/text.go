package calib

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// texts is a file of texts in memory.
type texts struct {
	path string
	rows []textRow
}

type textRow struct{ text, label string }

// maxTexts bounds a file of texts.
const maxTexts = 1 << 27

func (t *texts) Len() int { return len(t.rows) }

func (t *texts) Sample(i int) (Sample, error) {
	if i < 0 || i >= len(t.rows) {
		return Sample{}, fmt.Errorf("%s: sample %d outside [0,%d)", t.path, i, len(t.rows))
	}
	return Sample{Name: fmt.Sprintf("%s: sample %d", t.path, i), Text: t.rows[i].text, Label: t.rows[i].label, isText: true}, nil
}

// IsText reports whether the sample is a text.
func (s *Sample) IsText() bool { return s.isText }

func openTexts(path string) (Dataset, error) {
	b, err := readAll(path, maxTexts)
	if err != nil {
		return nil, err
	}
	parse := parseText
	if (file{path: path}).kind() == ".jsonl" {
		parse = parseJSONL
	}
	rows, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &texts{path, rows}, nil
}

// parseText reads a text a line, and what is wanted for it behind a tab.
func parseText(b []byte) ([]textRow, error) {
	var rows []textRow
	all := strings.TrimRight(string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))), "\r\n")
	for i, line := range strings.Split(all, "\n") {
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("line %d is not UTF-8", i+1)
		}
		text, label, _ := strings.Cut(strings.TrimSuffix(line, "\r"), "\t")
		if strings.TrimSpace(text) == "" {
			return nil, fmt.Errorf("line %d has no text", i+1)
		}
		rows = append(rows, textRow{text, label})
	}
	return rows, nil
}

// parseJSONL reads an object a line: "text", and "label" or "target". Other fields count for nothing.
func parseJSONL(b []byte) ([]textRow, error) {
	var rows []textRow
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, len(b)+1)
	for line := 1; s.Scan(); line++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		var o struct{ Text, Label, Target *string }
		if err := json.Unmarshal(s.Bytes(), &o); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if o.Text == nil {
			return nil, fmt.Errorf("line %d has no \"text\"", line)
		}
		row := textRow{text: *o.Text}
		for _, l := range []*string{o.Label, o.Target} {
			if l != nil {
				row.label = *l
			}
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, errors.New("no texts")
	}
	return rows, s.Err()
}

// textTable reads a .csv file whose first line names a column "text"; ok says that it is one. Column "label" or "target" is
// what is wanted.
func textTable(b []byte) (rows []textRow, ok bool, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	names, err := r.Read()
	if err != nil {
		return nil, false, nil
	}
	column := func(name string) int {
		return slices.IndexFunc(names, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) })
	}
	text, label := column("text"), column("label")
	if text < 0 {
		return nil, false, nil
	}
	if label < 0 {
		label = column("target")
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, true, csvError(err)
		}
		t := textRow{text: row[text]}
		if label >= 0 {
			t.label = strings.TrimSpace(row[label])
		}
		rows = append(rows, t)
	}
	if len(rows) == 0 {
		return nil, true, errors.New("no texts")
	}
	return rows, true, nil
}
