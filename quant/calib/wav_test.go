package calib

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chunk is one chunk of a RIFF file.
func chunk(id string, body []byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body))), body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func wavFormat(code, channels, rate, depth int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(le.AppendUint16(nil, uint16(code)), uint16(channels))
	b = le.AppendUint32(le.AppendUint32(b, uint32(rate)), uint32(rate*channels*depth/8))
	return le.AppendUint16(le.AppendUint16(b, uint16(channels*depth/8)), uint16(depth))
}

// extended is an extensible format of the given code.
func extended(code, channels, rate, depth int) []byte {
	b := wavFormat(wavExtensible, channels, rate, depth)
	b = append(b, 22, 0, byte(depth), 0, 3, 0, 0, 0)
	return append(binary.LittleEndian.AppendUint16(b, uint16(code)), wavGUID...)
}

// riff joins chunks to a file.
func riff(chunks ...[]byte) []byte {
	body := []byte("WAVE")
	for _, c := range chunks {
		body = append(body, c...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func f32(v float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)) }

func TestWAV(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		want []float32
	}{
		{"8 bits", riff(chunk("fmt ", wavFormat(1, 1, 8000, 8)), chunk("data", []byte{0, 128, 255})), []float32{-1, 0, 127.0 / 128}},
		{"16 bits", riff(chunk("fmt ", wavFormat(1, 1, 8000, 16)), chunk("data", []byte{0, 0x80, 1, 0, 0xff, 0x7f})), []float32{-1, 1.0 / 32768, 32767.0 / 32768}},
		{"24 bits", riff(chunk("fmt ", wavFormat(1, 1, 8000, 24)), chunk("data", []byte{0, 0, 0x80, 1, 0, 0, 0xff, 0xff, 0xff})), []float32{-1, 0x1p-23, -0x1p-23}},
		{"32 bits", riff(chunk("fmt ", wavFormat(1, 1, 8000, 32)), chunk("data", []byte{0, 0, 0, 0x80, 0, 0, 0, 0x40})), []float32{-1, 0.5}},
		{"float", riff(chunk("fmt ", wavFormat(3, 1, 8000, 32)), chunk("data", append(f32(1.5), f32(-0.25)...))), []float32{1.5, -0.25}},
		{"extensible", riff(chunk("fmt ", extended(1, 1, 8000, 16)), chunk("data", []byte{0, 0x40})), []float32{0.5}},
		{"extensible float", riff(chunk("fmt ", extended(3, 1, 8000, 32)), chunk("data", f32(2))), []float32{2}},
		{"other chunks, an odd one too", riff(chunk("LIST", []byte("abc")), chunk("fmt ", wavFormat(1, 1, 8000, 8)), chunk("fact", make([]byte, 4)), chunk("data", []byte{64}), chunk("id3 ", nil)), []float32{-0.5}},
		{"a block cut off", riff(chunk("fmt ", wavFormat(1, 1, 8000, 16)), chunk("data", []byte{0, 0x40, 0})), []float32{0.5}},
		{"recorder cut off: size 0", append(riff(chunk("fmt ", wavFormat(1, 1, 8000, 16)), chunk("data", nil)), 0, 0x40), []float32{0.5}},
		{"recorder cut off: size 2^32-1", append(riff(chunk("fmt ", wavFormat(1, 1, 8000, 16)), []byte("data\xff\xff\xff\xff")), 0, 0x40), []float32{0.5}},
	} {
		w, err := parseWAV(c.file)
		if err != nil || w.rate != 8000 || w.channels != 1 || fmt.Sprint(w.samples) != fmt.Sprint(c.want) {
			t.Errorf("%s: %+v, %v; want %v", c.name, w, err, c.want)
		}
	}
	if got := fmt.Sprint(mixed([]float32{1, 2, 3, -1, -1, 5}, 3)); got != "[2 1]" {
		t.Errorf("mixed down: %s", got)
	}
}

func TestWAVErrors(t *testing.T) {
	data := chunk("data", make([]byte, 12))
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "wanted a .wav file"},
		{[]byte("RIFF\x00\x00\x00\x00AVI LIST"), "wanted a .wav file"},
		{riff(), "format chunk of 0 bytes"},
		{riff(data), "format chunk of 0 bytes before the data"},
		{riff(chunk("fmt ", make([]byte, 14)), data), "format chunk of 14 bytes"},
		{riff(chunk("fmt ", wavFormat(1, 1, 8000, 16))), "no sound"},
		{riff(chunk("fmt ", wavFormat(1, 1, 8000, 16)), chunk("data", nil)), "no sound"},
		{riff(chunk("fmt ", wavFormat(1, 1, 8000, 16)), chunk("data", []byte{1})), "1 bytes of sound; wanted a block of 2"},
		{riff(chunk("fmt ", wavFormat(2, 1, 8000, 4)), data), "format 2 of 4 bits; wanted PCM"},
		{riff(chunk("fmt ", wavFormat(1, 1, 8000, 12)), data), "format 1 of 12 bits"},
		{riff(chunk("fmt ", wavFormat(3, 1, 8000, 64)), data), "format 3 of 64 bits"},
		{riff(chunk("fmt ", wavFormat(1, 0, 8000, 16)), data), "0 channels"},
		{riff(chunk("fmt ", wavFormat(1, 65, 8000, 16)), data), "65 channels"},
		{riff(chunk("fmt ", append(wavFormat(1, 2, 8000, 16)[:12], 2, 0, 16, 0)), data), "2 channels in blocks of 2 bytes"},
		{riff(chunk("fmt ", wavFormat(1, 1, 0, 16)), data), "0 samples a second"},
		{riff(chunk("fmt ", wavFormat(wavExtensible, 1, 8000, 16)), data), "extensible format without"},
		{riff(chunk("fmt ", append(extended(1, 1, 8000, 16)[:30], make([]byte, 10)...)), data), "extensible format without"},
		{riff([]byte("LIST\xff\xff\xff\x7f"), data), `chunk "LIST" of 2147483647 bytes, of which 20 are there`},
	} {
		if w, err := parseWAV(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %+v, error %v, want %q", c.file, w, err, c.want)
		}
	}
}

// TestSounds: folders of .wav files are data sets like those of pictures.
func TestSounds(t *testing.T) {
	dir := t.TempDir()
	for _, class := range []string{"b", "a"} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			file := riff(chunk("fmt ", wavFormat(1, 2, 8000, 8)), chunk("data", []byte{byte(128 + i), 128}))
			if err := os.WriteFile(filepath.Join(dir, class, fmt.Sprintf("%d.WAV", i)), file, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	ds, err := Open(dir)
	if err != nil || ds.Len() != 4 {
		t.Fatalf("%v, %v", ds, err)
	}
	for i, want := range []string{"a", "a", "b", "b"} {
		s, err := ds.Sample(i)
		if err != nil || s.Label != want || s.Rate != 8000 || fmt.Sprint(s.Shape, s.Numbers) != fmt.Sprintf("[1 2] [%v 0]", float32(i%2)/128) {
			t.Errorf("sample %d: %+v, %v", i, s, err)
		}
		if label, err := LabelOf(ds, i); label != want || err != nil {
			t.Errorf("label %d: %q, %v", i, label, err)
		}
	}
	if _, err := ds.Sample(4); err == nil {
		t.Error("sample 4 of 4: no error")
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(riff(chunk("fmt ", wavFormat(1, 2, 44100, 24)), chunk("data", make([]byte, 24))))
	f.Add(riff(chunk("fmt ", extended(3, 1, 8000, 32)), chunk("data", f32(1))))
	f.Add(riff([]byte("LIST\xff\xff\xff\xff")))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := parseWAV(b)
		if err != nil {
			return
		}
		if n := len(w.samples); n == 0 || n > len(b) || w.channels < 1 || n%w.channels != 0 || w.rate < 1 {
			t.Fatalf("%d samples of %d channels at %d Hz out of %d bytes", n, w.channels, w.rate, len(b))
		}
	})
}
