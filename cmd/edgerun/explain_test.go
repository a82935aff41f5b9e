package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
)

// explanation runs the command.
func explanation(t *testing.T, args ...string) *explained {
	t.Helper()
	r := &explained{}
	if err := json.Unmarshal([]byte(output(t, explainCommand(), append(args, "--json")...)), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// heatInside is the mean positive heat of cells inside over that of all others.
func heatInside(m heatMap, inside func(i int) bool) float64 {
	var in, out float64
	var n, all int
	for i, v := range m.Values {
		all++
		if inside(i) {
			n++
			in += float64(max(v, 0))
		} else {
			out += float64(max(v, 0))
		}
	}
	return in / float64(n) / (out/float64(all-n) + 1e-12)
}

// TestHeatOnObjects: the heat of pictures is on the object: where the picture differs from the colour of its border. Of cam
// that holds where the map is averaged.
func TestHeatOnObjects(t *testing.T) {
	for _, c := range []struct{ model, picture string }{
		{"objects/resnet.edge", "objects/example_fish.png"}, {"objects/resnet.edge", "objects/example_star.png"},
		{"objects/resnet.edge", "objects/example_moon.png"}, {"objects/resnet.edge", "objects/example_arrow.png"},
		{"digits/cnn.edge", "digits/example_3.png"}, {"digits/cnn.edge", "digits/example_5.png"}, {"digits/cnn.edge", "digits/example_7.png"},
	} {
		file := filepath.Join("../../testdata", c.picture)
		r := explanation(t, "../../testdata/"+c.model, file)
		r.Maps = append(r.Maps, explanation(t, "../../testdata/"+c.model, file, "--method", "hirescam").Maps...)
		if len(r.Maps) != 3 || r.Maps[0].Method != "cam" || r.Score < 0.5 {
			t.Fatalf("%s: %v, %q, score %g", c.picture, r.Notes, r.Label, r.Score)
		}
		object := objectOf(t, file)
		for _, m := range r.Maps {
			ratio := heatInside(m, func(i int) bool { return object[image.Pt(i%r.Columns, i/r.Columns)] })
			t.Logf("%s, %s: heat on the object is %.2f times that beside it", c.picture, m.Method, ratio)
			if m.Method == "cam" && c.model == "digits/cnn.edge" {
				// This network flattens its map. The mean of gradients over places then says little, as the source of
				// hirescam shows: of 3 and 7 the heat is beside the strokes.
				continue
			}
			if !(ratio > 1.3) {
				t.Errorf("%s, %s: heat on the object is only %.2f times that beside it", c.picture, m.Method, ratio)
			}
		}
	}
}

// objectOf are the pixels that stand out from the border at least half as much as the one that does most.
func objectOf(t *testing.T, file string) map[image.Point]bool {
	t.Helper()
	ds, err := calib.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ds.Sample(0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Picture()
	if err != nil {
		t.Fatal(err)
	}
	var mean [3]float64
	n := 0
	for y := range p.H {
		for x := range p.W {
			if x > 0 && y > 0 && x < p.W-1 && y < p.H-1 {
				continue
			}
			n++
			for c := range p.C {
				mean[c] += float64(p.Pix[y*p.Stride+x*p.C+c])
			}
		}
	}
	far := map[image.Point]float64{}
	var most float64
	for y := range p.H {
		for x := range p.W {
			var d float64
			for c := range p.C {
				e := float64(p.Pix[y*p.Stride+x*p.C+c]) - mean[c]/float64(n)
				d += e * e
			}
			far[image.Pt(x, y)], most = d, max(most, d)
		}
	}
	object := map[image.Point]bool{}
	for at, d := range far {
		object[at] = d > most/4
	}
	return object
}

// TestHeatOnWords: the heat of a keyword's sound is where the word is loud.
func TestHeatOnWords(t *testing.T) {
	for _, word := range []string{"go", "down", "left"} {
		files, err := filepath.Glob("../../testdata/keywords/test/" + word + "/*.wav")
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		ds, err := calib.Open(files[0])
		if err != nil {
			t.Fatal(err)
		}
		s, err := ds.Sample(0)
		if err != nil {
			t.Fatal(err)
		}
		r := explanation(t, "../../testdata/keywords/dscnn.edge", files[0], "--class", word)
		power := make([]float64, r.Rows)
		var loudest float64
		for i := range power {
			for _, v := range s.Numbers[i*len(s.Numbers)/r.Rows : (i+1)*len(s.Numbers)/r.Rows] {
				power[i] += float64(v * v)
			}
			loudest = max(loudest, power[i])
		}
		for _, m := range r.Maps {
			ratio := heatInside(m, func(i int) bool { return power[i] > loudest/5 })
			t.Logf("%s, %s: heat in the word is %.1f times that beside it", word, m.Method, ratio)
			if ratio < 1.5 {
				t.Errorf("%s, %s: heat in the word is only %.2f times that beside it", word, m.Method, ratio)
			}
		}
	}
}

// TestHeatPicture: the PNG file has a panel for the picture and one for each map; heat moves with the object.
func TestHeatPicture(t *testing.T) {
	file := filepath.Join(t.TempDir(), "heat.png")
	output(t, explainCommand(), "../../testdata/digits/cnn.edge", "../../testdata/digits/example_7.png", "-o", file)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(img.Bounds().Size()), fmt.Sprint(image.Pt(3*224+2*panelGap, 224)); got != want {
		t.Errorf("a picture of %s, want %s", got, want)
	}
}

// TestFrames: where the front end cuts or fills a picture up, heat is where the network saw it.
func TestFrames(t *testing.T) {
	f := &field{kind: pictureKind, raw: grid{rows: 100, cols: 200, channels: 1}, input: grid{rows: 10, cols: 10, channels: 1}}
	f.spec = specOf(t, "fit-shortest")
	for _, c := range []struct {
		at     float64
		n      int
		down   bool
		want   float64
		within bool
	}{{50, 200, false, 0, true}, {100, 200, false, 0.5, true}, {40, 200, false, -0.1, false}, {25, 100, true, 0.25, true}} {
		if got, within := f.frame(c.at, c.n, c.down); got != c.want || within != c.within {
			t.Errorf("%v of %d, down %v: %v, %v, want %v, %v", c.at, c.n, c.down, got, within, c.want, c.within)
		}
	}
	f.spec = specOf(t, "fit-longest")
	if got, within := f.frame(0, 100, true); got != 0.25 || !within {
		t.Errorf("the upper edge is at %v", got)
	}
}

func specOf(t *testing.T, resize string) *frontend.Spec {
	t.Helper()
	s := &frontend.Spec{Kind: frontend.KindPicture, Width: 10, Height: 10, Channels: 1, Layout: frontend.NCHW, Resize: resize}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}
