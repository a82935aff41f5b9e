package calib

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSeries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ts")
	text := "# a comment\n@problemName x\n@timeStamps false\n@classLabel true up down\n@data\n1,2,3:4,5,6:up\n\n7,8,9:-1,-2e1,0.5:down\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Sample(1)
	if err != nil || d.Len() != 2 || s.Label != "down" || !slices.Equal(s.Shape, []int{3, 2}) || !slices.Equal(s.Numbers, []float32{7, -1, 8, -20, 9, 0.5}) {
		t.Errorf("%d series, %+v, %v", d.Len(), s, err)
	}
	if _, err := d.Sample(2); err == nil {
		t.Error("a third series")
	}
	for text, want := range map[string]string{
		"":                                     "no series",
		"@data\n":                              "no series",
		"1,2\n":                                "line 1: \"1,2\"; wanted a line of @names",
		"@timestamps true\n@data":              "time stamps",
		"@data\n1,2\n1,2,3":                    "line 3: dimension 0 has 3 values, wanted 2",
		"@data\n1,2:3,4\n1,2":                  "1 dimensions, wanted 2",
		"@data\n1,?":                           "value 1: \"?\" is no float32",
		"@classLabel true a\n@data\n1,2:":      "no class at the end",
		"@classLabel true a\n@data\na":         "no values",
		"@data\n1,2:" + strings.Repeat(":", 9): "dimension 1 has 1 values, wanted 2",
	} {
		if _, err := parseSeries([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
