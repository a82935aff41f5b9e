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
	path  string
	rows  []textRow
	blank []int // lines without a text
}

type textRow struct {
	text, label string
	line        int
}

// maxTexts bounds a file of texts.
const maxTexts = 1 << 27

func (t *texts) Len() int { return len(t.rows) }

func (t *texts) Sample(i int) (Sample, error) {
	if i < 0 || i >= len(t.rows) {
		return Sample{}, fmt.Errorf("%s: sample %d outside [0,%d)", t.path, i, len(t.rows))
	}
	r := &t.rows[i]
	return Sample{Name: fmt.Sprintf("%s: line %d", t.path, r.line), Text: r.text, Label: r.label, isText: true}, nil
}

// BlankLines returns the lines of a file of texts that hold none: they are no samples.
func BlankLines(d Dataset) []int {
	if t, ok := d.(*texts); ok {
		return t.blank
	}
	return nil
}

// IsText reports whether the sample is a text.
func (s *Sample) IsText() bool { return s.isText }

func openTexts(path string) (Dataset, error) {
	b, err := readAll(path, maxTexts)
	if err != nil {
		return nil, err
	}
	t := &texts{path: path}
	if (file{path: path}).kind() == ".jsonl" {
		t.rows, err = parseJSONL(b)
	} else {
		t.rows, t.blank, err = parseText(b)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// ReadTexts returns the data set of a stream of texts, written as in a .txt file. name is for messages.
func ReadTexts(name string, r io.Reader) (Dataset, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxTexts+1))
	if err == nil && len(b) > maxTexts {
		err = fmt.Errorf("more than %d bytes of text", maxTexts)
	}
	t := &texts{path: name}
	if err == nil {
		t.rows, t.blank, err = parseText(b)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// parseText reads a text a line, and what is wanted for it behind a tab.
func parseText(b []byte) (rows []textRow, blank []int, err error) {
	all := strings.TrimRight(string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))), "\r\n")
	for i, line := range strings.Split(all, "\n") {
		if !utf8.ValidString(line) {
			return nil, nil, fmt.Errorf("line %d is not UTF-8", i+1)
		}
		text, label, _ := strings.Cut(strings.TrimSuffix(line, "\r"), "\t")
		switch {
		case strings.TrimSpace(line) == "":
			blank = append(blank, i+1)
			continue
		case strings.TrimSpace(text) == "":
			return nil, nil, fmt.Errorf("line %d has no text before its tab", i+1)
		}
		rows = append(rows, textRow{text, label, i + 1})
	}
	if len(rows) == 0 {
		return nil, nil, errors.New("no texts")
	}
	return rows, blank, nil
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
		row := textRow{text: *o.Text, line: line}
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
		t.line, _ = r.FieldPos(text)
		if !utf8.ValidString(t.text) {
			return nil, true, fmt.Errorf("line %d is not UTF-8", t.line)
		}
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
