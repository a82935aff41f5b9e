package calib_test

import (
	"bytes"
	"edgerun/rt/tensor"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
)

const digits = "../../testdata/digits/"

// write puts a file into a temporary folder.
func write(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// npyFile is a .npy file of that version, whose header is not padded.
func npyFile(version byte, header string, data ...byte) []byte {
	b := append([]byte("\x93NUMPY"), version, 0, byte(len(header)), byte(len(header)>>8))
	if version > 1 {
		b = append(b, 0, 0)
	}
	return append(append(b, header...), data...)
}

func dict(descr, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape)
}

func pngFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func grey(w, h int, v uint8) image.Image {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	return m
}

func mustOpen(t testing.TB, path string) calib.Dataset {
	t.Helper()
	d, err := calib.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sample(t testing.TB, d calib.Dataset, i int) calib.Sample {
	t.Helper()
	s, err := d.Sample(i)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func frontEnd(t testing.TB, s frontend.Spec) *frontend.FrontEnd {
	t.Helper()
	f, err := frontend.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func digitSpec() frontend.Spec {
	return frontend.Spec{Kind: frontend.KindPicture, Width: 28, Height: 28, Channels: 1, Layout: frontend.NCHW, Resize: frontend.Squash, Scale: 1.0 / 255}
}

// TestDigits reads the real samples: example_3.png is test picture 6, and so on.
func TestDigits(t *testing.T) {
	d := mustOpen(t, digits+"test_x.npy")
	labels, err := calib.Labels(digits+"test_y.npy", nil)
	if err != nil || d.Len() != 2000 || len(labels) != 2000 {
		t.Fatalf("%d samples, %d labels, %v", d.Len(), len(labels), err)
	}
	fe := frontEnd(t, digitSpec())
	a, b := make([]float32, 784), make([]float32, 784)
	for digit, i := range map[int]int{3: 6, 5: 1, 7: 4} {
		picture := mustOpen(t, fmt.Sprintf("%sexample_%d.png", digits, digit))
		if err := calib.Feed(fe, sample(t, d, i), a); err != nil {
			t.Fatal(err)
		}
		if err := calib.Feed(fe, sample(t, picture, 0), b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) || labels[i] != digit || picture.Len() != 1 {
			t.Errorf("example_%d.png differs from sample %d with label %d", digit, i, labels[i])
		}
	}
	big := sample(t, mustOpen(t, digits+"example_big.jpg"), 0)
	if !reflect.DeepEqual(big.Shape, []int{112, 112}) {
		t.Errorf("example_big.jpg: shape %v", big.Shape)
	}
	if err := calib.Feed(fe, big, a); err != nil {
		t.Error(err)
	}
	logits := sample(t, mustOpen(t, digits+"mlp_torch.npy"), 199)
	if len(logits.Numbers) != 10 || logits.Bytes != nil {
		t.Errorf("mlp_torch.npy: %+v", logits)
	}
}

// TestTypes: the sample −2, 3 in every element type and header version.
func TestTypes(t *testing.T) {
	dir := t.TempDir()
	for descr, data := range map[string]string{
		"|i1": "\xfe\x03",
		"<i4": "\xfe\xff\xff\xff\x03\x00\x00\x00",
		"<i8": "\xfe\xff\xff\xff\xff\xff\xff\xff\x03\x00\x00\x00\x00\x00\x00\x00",
		"<f4": "\x00\x00\x00\xc0\x00\x00\x40\x40",
		"<f8": "\x00\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x08\x40",
	} {
		for version := byte(1); version <= 3; version++ {
			d := mustOpen(t, write(t, dir, "x.npy", npyFile(version, dict(descr, "(1, 2)"), []byte(data)...)))
			if s := sample(t, d, 0); !reflect.DeepEqual(s.Numbers, []float32{-2, 3}) || s.Bytes != nil {
				t.Errorf("%s: %v", descr, s.Numbers)
			}
		}
	}
	// Keys in any order, any quotes, no last comma.
	d := mustOpen(t, write(t, dir, "x.npy", npyFile(1, `{"shape":(2,),"fortran_order":False,"descr":"|u1"}`, 7, 8)))
	if s := sample(t, d, 1); !reflect.DeepEqual(s.Bytes, []uint8{8}) || len(s.Shape) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestMalformed(t *testing.T) {
	dir := t.TempDir()
	u1 := dict("|u1", "(2, 3)")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty.npy":     {nil, "the file is empty"},
		"short.npy":     {[]byte("\x93NUM"), "4 bytes; wanted a .npy header"},
		"magic.npy":     {[]byte("PK\x03\x04 a zip file"), "wanted a .npy file's"},
		"version.npy":   {npyFile(4, u1), ".npy version 4; wanted 1, 2 or 3"},
		"long.npy":      {[]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'"), ".npy header of 4294967295 bytes in a file of 20"},
		"cut2.npy":      {[]byte("\x93NUMPY\x02\x00\xff\xff"), "cut off"},
		"data.npy":      {npyFile(1, u1, 1, 2, 3), "3 bytes of data; wanted 6 for uint8[2 3]"},
		"more.npy":      {npyFile(1, u1, 1, 2, 3, 4, 5, 6, 7), "7 bytes of data; wanted 6"},
		"fortran.npy":   {npyFile(1, strings.Replace(u1, "False", "True", 1)), "Fortran order; wanted C order"},
		"big.npy":       {npyFile(1, dict(">f4", "(1,)"), 1, 2, 3, 4), `.npy elements ">f4" unsupported`},
		"record.npy":    {npyFile(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 1, 2, 3, 4), "elements are records"},
		"overflow.npy":  {npyFile(1, dict("<f8", "(4294967296, 4294967296, 2)")), "0 bytes of data; wanted"},
		"overflow0.npy": {npyFile(1, dict("<f8", "(9223372036854775807, 4, 0)")), "0 bytes of data; wanted"},
		"minus.npy":     {npyFile(1, dict("|u1", "(-1, 2)")), "wanted a shape"},
		"rank.npy":      {npyFile(1, dict("|u1", "("+strings.Repeat("1,", 10)+")"), 1), "wanted a shape of at most 9"},
		"scalar.npy":    {npyFile(1, dict("|u1", "()"), 1), "a single number"},
		"none.npy":      {npyFile(1, dict("|u1", "(0, 28, 28)")), "shape [0 28 28] holds no samples"},
		"flat.npy":      {npyFile(1, dict("|u1", "(5, 0)")), "shape [5 0] holds no samples"},
		"nodict.npy":    {npyFile(1, "[]"), "wanted a dictionary"},
		"unclosed.npy":  {npyFile(1, "{'descr': '|u1'"), "wanted a comma"},
		"missing.npy":   {npyFile(1, "{'descr': '|u1'}"), "wanted descr, fortran_order and shape"},
		"twice.npy":     {npyFile(1, "{'descr': '|u1', 'descr': '|u1'}"), "wanted a key"},
		"key.npy":       {npyFile(1, "{'a': 1}"), `unknown key "a"`},
		"tail.npy":      {npyFile(1, u1+"x"), `ends in "x"`},
		"empty.csv":     {nil, "the file is empty"},
		"header.csv":    {[]byte("a,b\n"), "no rows of numbers"},
		"blank.csv":     {[]byte("\n\n"), "no rows of numbers"},
		"label.csv":     {[]byte("label\n3\n"), "no column of numbers"},
		"word.csv":      {[]byte("1,2\n3,x\n"), `line 2, column 2: "x" is no float32 number`},
		"ragged.csv":    {[]byte("1,2\n3\n"), "line 2: wrong number of fields"},
		"range.csv":     {[]byte("1,2\n3,1e40\n"), `line 2, column 2: "1e40"`},
		"empty.png":     {nil, "the file is empty"},
		"text.png":      {[]byte("no picture"), "image: unknown format"},
		"cut.png":       {pngFile(t, grey(30, 30, 9))[:50], "png: invalid format: not enough pixel data"},
		"huge.png":      {hugePNG(), "16384x16384 pixels; wanted at most 16777216"},
		"x.gif":         {[]byte("GIF"), "wanted a .npy, .npz, .csv, .ts, .txt, .jsonl, .wav, .png, .jpg or .bmp file or a folder"},
	} {
		path := write(t, dir, name, c.data)
		d, err := calib.Open(path)
		if err == nil {
			_, err = d.Sample(0)
		}
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if _, err := calib.Open(filepath.Join(dir, "absent.npy")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

// hugePNG is the head of a picture of 16384×16384 pixels.
func hugePNG() []byte {
	chunk := []byte("IHDR\x00\x00\x40\x00\x00\x00\x40\x00\x08\x00\x00\x00\x00")
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	one := func(v ...byte) []byte { return npyFile(1, dict("|u1", fmt.Sprintf("(%d, 1)", len(v))), v...) }
	write(t, dir, "pets/dog/b.png", pngFile(t, grey(2, 1, 3)))
	write(t, dir, "pets/dog/a.PNG", pngFile(t, grey(2, 1, 2)))
	write(t, dir, "pets/dog/notes.txt", []byte("passed over"))
	write(t, dir, "pets/cat/x.png", pngFile(t, grey(2, 1, 1)))
	write(t, dir, "pets/.git/x.png", nil)
	write(t, dir, "arrays/1.npy", one(1, 2))
	write(t, dir, "arrays/2.npy", one(3))
	write(t, dir, "mixed/a.npy", one(1))
	write(t, dir, "mixed/b.png", pngFile(t, grey(1, 1, 1)))
	write(t, dir, "both/a.npy", one(1))
	write(t, dir, "both/sub/a.npy", one(1))
	write(t, dir, "shapes/a.npy", one(1))
	write(t, dir, "shapes/b.npy", npyFile(1, dict("|u1", "(1, 2)"), 1, 2))
	write(t, dir, "nothing/readme.txt", []byte("x"))
	os.Mkdir(filepath.Join(dir, "x.npy"), 0o777)

	var got []string
	pets := mustOpen(t, filepath.Join(dir, "pets"))
	for i := range pets.Len() {
		s := sample(t, pets, i)
		got = append(got, fmt.Sprint(s.Label, s.Bytes, s.Shape))
	}
	if want := "[cat[1 1][1 2] dog[2 2][1 2] dog[3 3][1 2]]"; strings.ReplaceAll(fmt.Sprint(got), " [", "[") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	arrays := mustOpen(t, filepath.Join(dir, "arrays"))
	for i := range 3 {
		if s := sample(t, arrays, i); arrays.Len() != 3 || s.Bytes[0] != byte(i+1) {
			t.Errorf("sample %d of %d: %v", i, arrays.Len(), s)
		}
	}
	if s := sample(t, arrays, 2); s.Name != filepath.Join(dir, "arrays", "2.npy")+": sample 0" {
		t.Errorf("name %q", s.Name)
	}
	for _, d := range []calib.Dataset{pets, arrays} {
		for _, i := range []int{-1, 3} {
			if _, err := d.Sample(i); err == nil || !strings.Contains(err.Error(), "outside [0,3)") {
				t.Errorf("sample %d: %v", i, err)
			}
		}
	}
	for name, want := range map[string]string{
		"mixed":   "files of two kinds in the folder",
		"both":    "samples both in the folder and in its sub-folders",
		"shapes":  "samples of uint8[2]; wanted uint8[1]",
		"nothing": "no .png, .jpg, .bmp, .wav, .npy or .npz file in the folder",
		"x.npy":   "no .png, .jpg, .bmp, .wav, .npy or .npz file in the folder",
	} {
		if _, err := calib.Open(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
	// A file that changes after Open.
	write(t, dir, "arrays/2.npy", one(3, 4))
	if _, err := arrays.Sample(2); err == nil || !strings.Contains(err.Error(), "the file has changed") {
		t.Errorf("changed file: %v", err)
	}
}

func TestCSV(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"1,2\n3,4.5\n":           "[1 2] [3 4.5]",
		"a, b\r\n1, 2\r\n3, 4.5": "[1 2] [3 4.5]",
		"\xef\xbb\xbfx,Label,y\n1,cat,2\n3,\"do,g\",4.5": "cat[1 2] do,g[3 4.5]",
		"7\n\n8\n":   "[7] [8]",
		"NaN,-inf\n": "[NaN -Inf]",
	} {
		d := mustOpen(t, write(t, dir, "x.csv", []byte(text)))
		var got []string
		for i := range d.Len() {
			s := sample(t, d, i)
			got = append(got, s.Label+fmt.Sprint(s.Numbers))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, want %s", text, got, want)
		}
	}
	d := mustOpen(t, write(t, dir, "x.csv", []byte("1\n")))
	if _, err := d.Sample(1); err == nil || !strings.Contains(err.Error(), "sample 1 outside [0,1)") {
		t.Error(err)
	}
}

func TestFeed(t *testing.T) {
	pictures, none := frontEnd(t, digitSpec()), frontEnd(t, frontend.Spec{Kind: frontend.KindNone})
	vector := frontEnd(t, frontend.Spec{Kind: frontend.KindVector, Channels: 2, Scale: 2, Mean: []float32{1}})
	dir := t.TempDir()
	dst := make([]float32, 4)
	bytesSet := mustOpen(t, write(t, dir, "b.npy", npyFile(1, dict("|u1", "(1, 2, 2)"), 1, 2, 3, 4)))
	numbers := mustOpen(t, write(t, dir, "n.csv", []byte("1,2,3,4\n")))
	for i, c := range []struct {
		fe   *frontend.FrontEnd
		d    calib.Dataset
		want []float32
	}{
		{none, bytesSet, []float32{1, 2, 3, 4}}, {none, numbers, []float32{1, 2, 3, 4}},
		{vector, bytesSet, []float32{1, 3, 5, 7}}, {vector, numbers, []float32{1, 3, 5, 7}},
		{pictures, numbers, []float32{1, 2, 3, 4}},
	} {
		if err := calib.Feed(c.fe, sample(t, c.d, 0), dst); err != nil || !reflect.DeepEqual(dst, c.want) {
			t.Errorf("%d: got %v, %v; want %v", i, dst, err, c.want)
		}
	}
	nan := write(t, dir, "nan.npy", npyFile(1, dict("<f4", "(2, 4)"), append(make([]byte, 28), 0, 0, 0xc0, 0x7f)...))
	ints := write(t, dir, "i.npy", npyFile(1, dict("|i1", "(1, 4)"), 1, 2, 3, 4))
	photo := write(t, dir, "p.png", pngFile(t, grey(2, 2, 1)))
	odd := write(t, dir, "odd.npy", npyFile(1, dict("|u1", "(1, 2, 2, 2)"), make([]byte, 8)...))
	large := write(t, dir, "large.csv", []byte("1,2,3,3e38\n"))
	for i, c := range []struct {
		fe     *frontend.FrontEnd
		path   string
		sample int
		want   string
	}{
		{none, nan, 1, nan + ": sample 1: value 3 is NaN"},
		{none, nan, 0, ""},
		{none, write(t, dir, "inf.csv", []byte("1,2,-Inf,4\n")), 0, "sample 0: value 2 is -Inf"},
		{pictures, ints, 0, "int8; wanted pixels of uint8"},
		{none, photo, 0, photo + `: a picture; wanted a front end of kind "picture", got "none"`},
		{none, digits + "test_x.npy", 5, "sample 5: 784 values, shape [28 28]; wanted 4"},
		{pictures, odd, 0, "shape [2 2 2]; wanted a picture"},
		{pictures, photo, 0, "tensor of 4 elements; wanted 784"},
		{vector, large, 0, "value 3 is +Inf after normalisation"},
	} {
		err := calib.Feed(c.fe, sample(t, mustOpen(t, c.path), c.sample), dst)
		if c.want == "" && err == nil {
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: error %v, want %q", i, err, c.want)
		}
	}
}

// TestPicture: every shape of a picture of 1×2 pixels in colour or grey.
func TestPicture(t *testing.T) {
	rgb, planes := []uint8{1, 2, 3, 4, 5, 6}, []uint8{1, 4, 2, 5, 3, 6}
	for _, c := range []struct {
		shape []int
		pix   []uint8
		want  int // channels
	}{
		{[]int{1, 2, 3}, rgb, 3}, {[]int{1, 1, 2, 3}, rgb, 3}, {[]int{3, 1, 2}, planes, 3}, {[]int{1, 3, 1, 2}, planes, 3},
		{[]int{3, 2}, rgb, 1}, {[]int{3, 2, 1}, rgb, 1}, {[]int{1, 3, 2}, rgb, 1},
	} {
		s := calib.Sample{Shape: c.shape, Bytes: c.pix}
		p, err := s.Picture()
		if err != nil || p.C != c.want || p.W != 2 || !reflect.DeepEqual(p.Pix, rgb) || p.Stride != p.W*p.C {
			t.Errorf("%v: %+v, %v", c.shape, p, err)
		}
	}
	s := calib.Sample{Shape: []int{2, 2}, Numbers: make([]float32, 4)}
	if _, err := s.Picture(); err == nil {
		t.Error("numbers: no error")
	}
}

// TestDecode: all pixel types that the decoders give, among them colours through each of the special paths.
func TestDecode(t *testing.T) {
	r := image.Rect(0, 0, 2, 1)
	for name, c := range map[string]struct {
		m    interface{ Set(x, y int, c color.Color) }
		want []uint8
	}{
		"grey":    {image.NewGray(r), []uint8{54, 0}},
		"grey16":  {image.NewGray16(r), []uint8{54, 0}},
		"rgba":    {image.NewRGBA(r), []uint8{200, 0, 10, 0, 0, 0}},
		"nrgba":   {image.NewNRGBA(r), []uint8{200, 0, 10, 0, 0, 0}},
		"nrgba64": {image.NewNRGBA64(r), []uint8{200, 0, 10, 0, 0, 0}},
		"palette": {image.NewPaletted(r, color.Palette{color.Black, color.NRGBA{200, 0, 10, 255}}), []uint8{200, 0, 10, 0, 0, 0}},
	} {
		c.m.Set(0, 0, color.NRGBA{200, 0, 10, 255})
		c.m.Set(1, 0, color.Black)
		d := mustOpen(t, write(t, t.TempDir(), "x.png", pngFile(t, c.m.(image.Image))))
		if s := sample(t, d, 0); strings.HasPrefix(name, "grey") && len(s.Bytes) != 2 || s.Bytes[len(s.Bytes)-1] != 0 || len(s.Bytes) == 6 && !reflect.DeepEqual(s.Bytes, c.want) {
			t.Errorf("%s: %v %v, want %v", name, s.Shape, s.Bytes, c.want)
		}
	}
	// A colour JPEG of one colour.
	m := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for i := range m.Pix {
		m.Pix[i] = []uint8{200, 100, 50, 255}[i%4]
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	s := sample(t, mustOpen(t, write(t, t.TempDir(), "x.JPEG", b.Bytes())), 0)
	for i, want := range []int{200, 100, 50} {
		if got := int(s.Bytes[i]); got < want-2 || got > want+2 || !reflect.DeepEqual(s.Shape, []int{16, 16, 3}) {
			t.Errorf("JPEG: shape %v, pixel %v", s.Shape, s.Bytes[:3])
		}
	}
}

func TestLabels(t *testing.T) {
	dir := t.TempDir()
	names := []string{"cat", "dog", "0"}
	for _, c := range []struct {
		file  string
		data  []byte
		names []string
		want  string
	}{
		{"a.txt", []byte("dog\ncat\r\n 1 \n\n"), names, "[1 0 1]"},
		{"b.txt", []byte("0\n"), names, "[2]"}, // a name before a number
		{"c.txt", []byte("5\n0\n"), nil, "[5 0]"},
		{"d.csv", []byte("dog\ncat\n"), names, "[1 0]"},
		{"e.csv", []byte("x,label\n1,dog\n2,cat\n"), names, "[1 0]"},
		{"f.npy", npyFile(1, dict("|u1", "(2,)"), 1, 0), names, "[1 0]"},
		{"g.npy", npyFile(1, dict("<i8", "(1, 1)"), 2, 0, 0, 0, 0, 0, 0, 0), names, "[2]"},
		{"h.npy", npyFile(1, dict("<i4", "(1,)"), 9, 0, 0, 0), nil, "[9]"},
	} {
		got, err := calib.Labels(write(t, dir, c.file, c.data), c.names)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, %v; want %s", c.file, got, err, c.want)
		}
	}
	for file, c := range map[string]struct {
		data []byte
		want string
	}{
		"a.txt": {[]byte("cat\ncow\n"), `sample 1: label "cow" is none of the model's 3`},
		"b.txt": {[]byte("cat\n\ndog\n"), "line 2 is empty"},
		"c.txt": {[]byte("\n"), "no labels"},
		"d.txt": {[]byte("3\n"), "class 3 outside [0,3)"},
		"e.txt": {nil, "the file is empty"},
		"f.csv": {[]byte("1,2\n"), "2 columns"},
		"g.csv": {[]byte("label\n"), "no labels"},
		"h.npy": {npyFile(1, dict("|i1", "(1,)"), 255), "sample 0: class -1 outside [0,3)"},
		"i.npy": {npyFile(1, dict("<f4", "(1,)"), 0, 0, 0, 0), "labels of float32; wanted integers"},
		"j.npy": {npyFile(1, dict("|u1", "(1, 2)"), 0, 0), "wanted one label a sample"},
		"k.png": {[]byte("x"), "wanted a .npy, .txt or .csv file"},
	} {
		path := write(t, dir, file, c.data)
		if _, err := calib.Labels(path, names); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", file, err, c.want)
		}
	}
	if _, err := calib.Class("cow", nil); err == nil {
		t.Error("a name without names: no error")
	}
	if _, err := calib.Class("1048576", nil); err == nil {
		t.Error("a large class: no error")
	}
}

func TestWriteNPY(t *testing.T) {
	dir := t.TempDir()
	for _, shape := range [][]int{{3}, {2, 3}, {2, 1, 2, 2}, {1, 10000}} {
		n := 1
		for _, d := range shape {
			n *= d
		}
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i) / 3
		}
		var b bytes.Buffer
		if err := calib.WriteNPY(&b, shape, x); err != nil {
			t.Fatal(err)
		}
		if (b.Len()-4*n)%64 != 0 {
			t.Errorf("%v: data at %d", shape, b.Len()-4*n)
		}
		d := mustOpen(t, write(t, dir, "x.npy", b.Bytes()))
		var got []float32
		for i := range d.Len() {
			got = append(got, sample(t, d, i).Numbers...)
		}
		if d.Len() != shape[0] || !reflect.DeepEqual(got, x) {
			t.Errorf("%v: got %d samples, %v", shape, d.Len(), got[:3])
		}
	}
	var b bytes.Buffer
	if err := calib.WriteNPY(&b, []int{3}, []float32{1, 2, 3}); err != nil || !strings.Contains(b.String(), "'shape': (3,), }") {
		t.Errorf("%q: %v", b.String(), err)
	}
	if calib.WriteNPY(&b, []int{2}, nil) == nil {
		t.Error("wrong shape: no error")
	}
}

// TestMemory: a sample costs what it holds, not what the file holds.
func TestMemory(t *testing.T) {
	const n, per = 2000, 28 * 28
	d := mustOpen(t, digits+"test_x.npy")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range 10 {
		sample(t, d, i*n/10)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 10*(per+4096) {
		t.Errorf("10 samples of %d bytes allocate %d bytes", per, got)
	}
}

// Every sample of a data set goes through the front end into a network's input.
func Example() {
	samples, err := calib.Open(digits + "calib_x.npy")
	if err != nil {
		fmt.Println(err)
		return
	}
	fe, err := frontend.New(digitSpec())
	if err != nil {
		fmt.Println(err)
		return
	}
	input := make([]float32, 28*28)
	c := calib.NewCollector(calib.MinMax, 0)
	for i := range samples.Len() {
		s, err := samples.Sample(i)
		if err == nil {
			err = calib.Feed(fe, s, input)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		c.Add(input)
	}
	lo, hi := c.Range()
	q := tensor.AsymmetricQuant(lo, hi)
	fmt.Printf("%d samples in [%g, %g]: scale 1/%.0f, zero point %d\n", samples.Len(), lo, hi, 1/q.Scale[0], q.Zero[0])
	// Output: 256 samples in [0, 1]: scale 1/255, zero point -128
}
