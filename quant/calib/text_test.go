package calib

import (
	"os"
	"path/filepath"
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
		{"empty.txt", "a\n\nb\n", "line 2 has no text"},
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
	fe, err := frontend.New(frontend.Spec{Kind: frontend.KindNone})
	if err != nil {
		t.Fatal(err)
	}
	if err := Feed(fe, Sample{isText: true}, nil); err == nil {
		t.Error("text goes into a network of numbers")
	}
}
