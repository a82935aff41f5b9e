package calib_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// member is an entry of an archive.
type member struct {
	name string
	data []byte
}

// bytesOf is a .npy array of uint8 that counts up from first.
func bytesOf(first byte, dims ...int) []byte {
	n, shape := 1, ""
	for _, d := range dims {
		n *= d
		shape += fmt.Sprintf("%d, ", d)
	}
	data := make([]byte, n)
	for i := range data {
		data[i] = first + byte(i)
	}
	return npyFile(1, dict("|u1", "("+shape+")"), data...)
}

func npzFile(t testing.TB, method uint16, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: method})
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// inputs are those of a network: tokens of any length up to 6 with their mask, and a state.
func inputs() []*graph.Value {
	value := func(name string, sym []string, dims ...int) *graph.Value {
		return &graph.Value{Name: name, Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}, Sym: sym}
	}
	return []*graph.Value{value("ids", []string{"", "seq"}, 1, 6), value("mask", []string{"my_batch", "seq"}, 1, 6), value("state", nil, 2, 1, 3)}
}

// shown is what a data set holds, sample by sample.
func shown(t testing.TB, d calib.Dataset) string {
	t.Helper()
	var all []string
	for i := range d.Len() {
		s := sample(t, d, i)
		text := s.Label
		for _, a := range s.Arrays {
			text += fmt.Sprintf(" %s%v:%d", a.Name, a.Shape, a.Integer(0))
		}
		all = append(all, strings.TrimSpace(text))
	}
	return strings.Join(all, "; ")
}

// TestBind: where samples are in arrays.
func TestBind(t *testing.T) {
	dir := t.TempDir()
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		for name, c := range map[string]struct {
			members []member
			want    string
		}{
			"one sample, in another order": {[]member{{"state.npy", bytesOf(9, 2, 1, 3)}, {"ids.npy", bytesOf(1, 1, 4)}, {"mask.npy", bytesOf(5, 1, 4)}},
				"ids[1 4]:1 mask[1 4]:5 state[2 1 3]:9"},
			"an axis before others": {[]member{{"ids.npy", bytesOf(0, 2, 1, 4)}, {"mask.npy", bytesOf(50, 2, 1, 4)}, {"state.npy", bytesOf(100, 2, 2, 1, 3)}},
				"ids[1 4]:0 mask[1 4]:50 state[2 1 3]:100; ids[1 4]:4 mask[1 4]:54 state[2 1 3]:106"},
			"in the place of a batch, with what goes with all": {[]member{{"ids.npy", bytesOf(0, 3, 6)}, {"mask.npy", bytesOf(50, 1, 6)}, {"state.npy", bytesOf(100, 2, 1, 3)}},
				"ids[1 6]:0 mask[1 6]:50 state[2 1 3]:100; ids[1 6]:6 mask[1 6]:50 state[2 1 3]:100; ids[1 6]:12 mask[1 6]:50 state[2 1 3]:100"},
		} {
			d := mustOpen(t, write(t, dir, "x.npz", npzFile(t, method, c.members...)))
			if !calib.HasArrays(d) || d.Len() != 1 {
				t.Fatalf("%s: %d samples before Bind", name, d.Len())
			}
			bound, err := calib.Bind(d, inputs())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := shown(t, bound); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
			if one := name == "one sample, in another order"; calib.HasOne(bound) != one {
				t.Errorf("%s: HasOne is %v", name, !one)
			}
		}
	}
	// Data sets of other kinds stay as they are.
	d := mustOpen(t, write(t, dir, "x.npy", bytesOf(0, 3, 2)))
	if bound, err := calib.Bind(d, inputs()); err != nil || bound.Len() != 3 || calib.HasArrays(bound) || calib.HasOne(bound) {
		t.Errorf("a .npy file: %d samples, %v", bound.Len(), err)
	}
}

// TestArrayFiles: folders of archives, with labels and lengths of their own, and a file for each input.
func TestArrayFiles(t *testing.T) {
	dir := t.TempDir()
	in := inputs()[:2]
	for i, name := range []string{"cat/1.npz", "cat/2.npz", "dog/1.npz"} {
		n := 3 + i
		write(t, dir, "pets/"+name, npzFile(t, zip.Deflate, member{"ids.npy", bytesOf(byte(i), 1, n)}, member{"mask.npy", bytesOf(7, 1, n)}))
	}
	d, err := calib.Bind(mustOpen(t, filepath.Join(dir, "pets")), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shown(t, d), "cat ids[1 3]:0 mask[1 3]:7; cat ids[1 4]:1 mask[1 4]:7; dog ids[1 5]:2 mask[1 5]:7"; got != want {
		t.Errorf("folder: %s, want %s", got, want)
	}
	if label, err := calib.LabelOf(d, 2); label != "dog" || err != nil {
		t.Errorf("label %q, %v", label, err)
	}
	for _, i := range []int{-1, 3} {
		if _, err := d.Sample(i); err == nil || !strings.Contains(err.Error(), "outside [0,3)") {
			t.Errorf("sample %d: %v", i, err)
		}
	}
	os.Remove(filepath.Join(dir, "pets/dog/1.npz"))
	write(t, dir, "pets/dog/1.npz", npzFile(t, zip.Deflate, member{"ids.npy", bytesOf(0, 1, 5)}))
	sample(t, d, 0) // whose file is not the one that is held then
	if _, err := d.Sample(2); err == nil || !strings.Contains(err.Error(), "the file has changed") {
		t.Errorf("changed file: %v", err)
	}

	files := []calib.InputFile{{Name: "mask", Path: write(t, dir, "m.npy", bytesOf(3, 2, 6))}, {Name: "ids", Path: write(t, dir, "i.npy", bytesOf(0, 2, 1, 6))}}
	if d, err = calib.OpenInputs(files); err == nil {
		d, err = calib.Bind(d, in)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shown(t, d), "ids[1 6]:0 mask[1 6]:3; ids[1 6]:6 mask[1 6]:9"; got != want {
		t.Errorf("files: %s, want %s", got, want)
	}
	for want, files := range map[string][]calib.InputFile{
		"has a file already": {files[0], files[0]},
		"wanted a .npy file": {{Name: "ids", Path: write(t, dir, "x.csv", nil)}},
		"holds nothing":      {{Name: "ids", Path: write(t, dir, "none.npy", bytesOf(0, 0, 6))}},
		"no such file":       {{Name: "ids", Path: filepath.Join(dir, "absent.npy")}},
		"starts with":        {{Name: "ids", Path: write(t, dir, "text.npy", []byte("no numpy file at all"))}},
	} {
		if _, err := calib.OpenInputs(files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", files, err, want)
		}
	}
}

// TestBindErrors: what does not fit is told with the file, the array, what is there and what was wanted.
func TestBindErrors(t *testing.T) {
	dir := t.TempDir()
	ids, mask, state := member{"ids.npy", bytesOf(0, 1, 4)}, member{"mask.npy", bytesOf(0, 1, 4)}, member{"state.npy", bytesOf(0, 2, 1, 3)}
	const list = "the network takes ids float32[1 seq≤6], mask float32[my_batch≤1 seq≤6], state float32[2 1 3]"
	for _, c := range []struct {
		members []member
		want    string
		extent  bool
	}{
		{[]member{ids, mask}, `: no array for input "state": ` + list, false},
		{[]member{ids, mask, state, {"label.npy", bytesOf(0, 1)}}, `: array "label": is no input: ` + list, false},
		{[]member{ids, mask, {"state.npy", bytesOf(0, 1, 2, 3)}}, `: array "state": shape [1 2 3]; wanted [2 1 3], or [N 2 1 3] for N samples`, true},
		{[]member{{"ids.npy", bytesOf(0, 2, 7)}, mask, state}, `: array "ids": shape [2 7]; wanted [1 seq≤6], or [N seq≤6] for N samples`, true},
		{[]member{{"ids.npy", bytesOf(0, 4)}, mask, state}, `: array "ids": shape [4]; wanted`, true},
		{[]member{ids, {"mask.npy", bytesOf(0, 1, 5)}, state}, `: array "mask": shape [1 5], and dimension "seq" is 5; it is 4 in "ids"`, true},
		{[]member{{"ids.npy", bytesOf(0, 3, 4)}, {"mask.npy", bytesOf(0, 2, 4)}, state}, `: array "mask": 2 samples; "ids" has 3`, true},
	} {
		path := write(t, dir, "x.npz", npzFile(t, zip.Store, c.members...))
		_, err := calib.Bind(mustOpen(t, path), inputs())
		if err == nil || !strings.HasPrefix(err.Error(), path+c.want) {
			t.Errorf("error %v, want %q", err, path+c.want)
		}
		if _, ok := err.(calib.ExtentError); ok != c.extent {
			t.Errorf("%v: an ExtentError is %v", err, ok)
		}
	}
	// A sequence in the first axis is no number of samples.
	v := &graph.Value{Name: "ids", Type: tensor.Type{DType: tensor.Int64, Shape: tensor.MakeShape(1, 2)}, Sym: []string{"time", ""}}
	path := write(t, dir, "x.npz", npzFile(t, zip.Store, member{"ids.npy", bytesOf(0, 4, 2)}))
	if _, err := calib.Bind(mustOpen(t, path), []*graph.Value{v}); err == nil || !strings.Contains(err.Error(), "wanted [time≤1 2], or [N time≤1 2]") {
		t.Errorf("four steps for one: %v", err)
	}
}

// TestMalformedArchives: errors name the file, and no size is believed.
func TestMalformedArchives(t *testing.T) {
	dir := t.TempDir()
	ids := member{"ids.npy", bytesOf(0, 1, 6)}
	whole := npzFile(t, zip.Store, ids)
	packed := npzFile(t, zip.Deflate, member{"ids.npy", bytesOf(0, 1, 100)})
	// directory returns the archive with a field of 4 bytes of its first directory entry changed.
	directory := func(archive []byte, at int, v uint32) []byte {
		b := slices.Clone(archive)
		i := bytes.Index(b, []byte("PK\x01\x02")) + at
		b[i], b[i+1], b[i+2], b[i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
		return b
	}
	const sum, size, room = 16, 24, 20 // of the sum, of the bytes unpacked and packed
	changed := slices.Clone(packed)
	changed[60] ^= 0xff
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty.npz":    {nil, "the file is empty"},
		"text.npz":     {[]byte("no archive at all"), "no .npz archive: zip: not a valid zip file"},
		"cut.npz":      {whole[:len(whole)-30], "no .npz archive"},
		"none.npz":     {npzFile(t, zip.Store), "holds no arrays"},
		"other.npz":    {npzFile(t, zip.Store, member{"ids.txt", nil}), `entry "ids.txt"; wanted arrays, NAME.npy`},
		"twice.npz":    {npzFile(t, zip.Store, ids, ids), `two arrays "ids"`},
		"fortran.npz":  {npzFile(t, zip.Store, member{"ids.npy", npyFile(1, strings.Replace(dict("|u1", "(2, 3)"), "False", "True", 1), 1, 2, 3, 4, 5, 6)}), `array "ids": .npy array in Fortran order`},
		"nothing.npz":  {npzFile(t, zip.Store, member{"ids.npy", bytesOf(0, 0, 6)}), `array "ids": shape [0 6] holds nothing`},
		"data.npz":     {npzFile(t, zip.Store, member{"ids.npy", bytesOf(0, 1, 6)[:60]}), "array \"ids\": "},
		"packed.npz":   {npzFile(t, zip.Deflate, member{"ids.npy", npyFile(1, dict("|u1", "(1, 6)"), 1, 2)}), "2 bytes of data; wanted 6"},
		"sum.npz":      {directory(packed, sum, 1), "checksum error"},
		"bits.npz":     {changed, `array "ids": `},
		"bomb.npz":     {directory(packed, size, 1<<31), "entry of 2147483648 bytes, compressed to"},
		"longer.npz":   {directory(packed, size, 200), "unexpected EOF"},
		"room.npz":     {directory(whole, room, 1<<30), "entry of "},
		"size.npz":     {directory(whole, size, 1<<30), "entry of 1073741824 bytes"},
		"method.npz":   {directory(whole, 10, 12), "compressed by method 12"},
		"shape.npz":    {npzFile(t, zip.Deflate, member{"ids.npy", npyFile(1, dict("<f8", "(4294967296, 4294967296, 2)"))}), "0 bytes of data; wanted"},
		"elements.npz": {npzFile(t, zip.Deflate, member{"ids.npy", npyFile(1, dict("<c8", "(1, 6)"))}), `.npy elements "<c8" unsupported`},
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
}

// TestWriteNPZ: what is written is read again, in all types, by its name.
func TestWriteNPZ(t *testing.T) {
	var want []calib.Array
	for _, d := range []tensor.DType{tensor.UInt8, tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64, tensor.Bool, tensor.Float32, tensor.Float64} {
		data := make([]byte, d.SizeBytes(6))
		for i := range data {
			data[i] = byte(i % 3 * 60)
		}
		want = append(want, calib.Array{Name: "in/" + d.String() + ":0", DType: d, Shape: []int{2, 3}, Data: data})
	}
	var b bytes.Buffer
	if err := calib.WriteNPZ(&b, want); err != nil {
		t.Fatal(err)
	}
	got := sample(t, mustOpen(t, write(t, t.TempDir(), "x.npz", b.Bytes())), 0).Arrays
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := range got {
		if got[i].Integers() != (i < 6) {
			t.Errorf("%v: Integers is %v", got[i].DType, i >= 6)
		}
	}
	if err := calib.WriteNPZ(&b, []calib.Array{{Name: "x", DType: tensor.UInt32, Shape: []int{1}, Data: make([]byte, 4)}}); err == nil {
		t.Error("uint32 is written")
	}
}
