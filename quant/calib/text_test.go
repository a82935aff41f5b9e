package calib

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerun/rt/frontend"
)

func TestTexts(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, content, want string }{
		{"a.txt", "one two\tright\r\nthree\n", "one two=right;three="},
		{"bom.txt", "\xef\xbb\xbfx", "x="},
		{"a.csv", "id,Text,label\n1,\"one, two\",right\n2,three,\n", "one, two=right;three="},
		{"target.csv", "text,target\na,b\n", "a=b"},
		{"a.jsonl", "{\"text\":\"one\\ttwo\",\"label\":\"right\",\"more\":1}\n\n{\"text\":\"\",\"target\":\"x\"}\n", "one\ttwo=right;=x"},
		{"blank.txt", "a\n\n \t \nb\n\n", "a=;b="},
		{"empty.txt", "\n \n", "no texts"},
		{"label.txt", "a\n\tb\n", "line 2 has no text before its tab"},
		{"bytes.csv", "text\n\"a\n\"\n\xff\n", "line 4 is not UTF-8"},
		{"bytes.txt", "a\n\xff\n", "line 2 is not UTF-8"},
		{"ragged.csv", "text,label\na\n", "wrong number of fields"},
		{"none.csv", "text\n", "no texts"},
		{"none.jsonl", "\n", "no texts"},
		{"bad.jsonl", "{\"text\":\"a\"}\n{", "line 2"},
		{"other.jsonl", "{\"label\":\"a\"}", "no \"text\""},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		ds, err := Open(path)
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var all []string
		for i := range ds.Len() {
			s, err := ds.Sample(i)
			if err != nil || !s.IsText() {
				t.Fatalf("%s: %v", c.name, err)
			}
			all = append(all, s.Text+"="+s.Label)
		}
		if got := strings.Join(all, ";"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if _, err := ds.Sample(ds.Len()); err == nil {
			t.Errorf("%s: a sample behind the last", c.name)
		}
	}
	ds, err := Open(filepath.Join(dir, "blank.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := ds.Sample(1); err != nil || !strings.HasSuffix(s.Name, "blank.txt: line 4") || !slices.Equal(BlankLines(ds), []int{2, 3}) {
		t.Errorf("sample 1 is %q, %v; blank are lines %v", s.Name, err, BlankLines(ds))
	}
	if ds, err = ReadTexts("stream", strings.NewReader("a\tb\n")); err != nil || ds.Len() != 1 {
		t.Errorf("texts of a stream: %v", err)
	}
	if _, err := ReadTexts("stream", strings.NewReader("")); err == nil || err.Error() != "stream: no texts" {
		t.Errorf("an empty stream: %v", err)
	}
	fe, err := frontend.New(frontend.Spec{Kind: frontend.KindNone})
	if err != nil {
		t.Fatal(err)
	}
	if err := Feed(fe, Sample{isText: true}, nil); err == nil {
		t.Error("text goes into a network of numbers")
	}
}
