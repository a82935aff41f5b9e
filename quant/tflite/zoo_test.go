package tflite

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	_ "image/jpeg"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edgerun/rt"
	"edgerun/rt/tensor"
)

// TestInt16Network: a keyword spotter with int16 activations gives its publisher's output.
func TestInt16Network(t *testing.T) {
	g := importShared(t, "arm_ml_zoo/ds_cnn_int16.tflite")
	x, _ := npy(t, readShared(t, "arm_ml_zoo/ds_cnn_int16_input.npy"))
	want, _ := npy(t, readShared(t, "arm_ml_zoo/ds_cnn_int16_output.npy"))
	sessions(t, g, func(t *testing.T, s *rt.Session) {
		if copy(s.Input(0).Bytes(), x) != len(x) {
			t.Fatalf("input of %d bytes", len(x))
		}
		if s.Run(); !bytes.Equal(s.Output(0).Bytes(), want) {
			t.Errorf("got %v, want %v", s.Output(0).I16(), tensor.Of(want).I16())
		}
	})
}

// bitmap decodes a .bmp file without compression, gray or in three colors.
func bitmap(t *testing.T, b []byte) image.Image {
	t.Helper()
	if len(b) < 54 || string(b[:2]) != "BM" {
		t.Fatal("not a .bmp file")
	}
	num := func(at int) int { return int(int32(binary.LittleEndian.Uint32(b[at:]))) }
	pixels, w, h, bytes := b[num(10):], num(18), num(22), int(b[28])/8
	stride := (w*bytes + 3) &^ 3
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p := pixels[(h-1-y)*stride+x*bytes:]
			if bytes == 1 {
				m.Set(x, y, color.Gray{p[0]})
			} else {
				m.Set(x, y, color.RGBA{p[2], p[1], p[0], 255})
			}
		}
	}
	return m
}

// feed writes a picture, stretched to the input by averaging, as codes: pixels, or for int8 pixels − 128.
func feed(s *rt.Session, m image.Image, d tensor.DType) {
	shape := s.InputShape(0)
	h, w, channels := shape.Dim[1], shape.Dim[2], shape.Dim[3]
	b, size := s.Input(0).Bytes(), m.Bounds().Size()
	for y := range h {
		for x := range w {
			var sum [3]int
			n := 0
			for v := y * size.Y / h; v < max((y+1)*size.Y/h, y*size.Y/h+1); v++ {
				for u := x * size.X / w; u < max((x+1)*size.X/w, x*size.X/w+1); u++ {
					r, g, bl, _ := m.At(m.Bounds().Min.X+u, m.Bounds().Min.Y+v).RGBA()
					sum[0], sum[1], sum[2] = sum[0]+int(r>>8), sum[1]+int(g>>8), sum[2]+int(bl>>8)
					n++
				}
			}
			for c := range channels {
				p := byte(sum[c] / n)
				if d == tensor.Int8 {
					p ^= 0x80
				}
				b[(y*w+x)*channels+c] = p
			}
		}
	}
}

// rank returns how many classes have a larger output than class k.
func rank(y []byte, d tensor.DType, k int) int {
	flip := byte(0)
	if d == tensor.Int8 {
		flip = 0x80
	}
	n := 0
	for _, v := range y {
		if v^flip > y[k]^flip {
			n++
		}
	}
	return n
}

// TestPictures: networks name what is on pictures; under an emulator each network on its first.
func TestPictures(t *testing.T) {
	ran := map[string]bool{}
	for _, c := range []struct {
		model, picture, class string
		place                 int // counted from 0
	}{
		{"tflm/person_detect_int8.tflite", "tflm/person.bmp", "1", 0},
		{"tflm/person_detect_int8.tflite", "tflm/no_person.bmp", "0", 0},
		{"coral/tf2_mobilenet_v2_1.0_224_ptq.tflite", "coral/cat.bmp", "tabby|tiger cat|Egyptian cat", 1},
		{"coral/tf2_mobilenet_v2_1.0_224_ptq.tflite", "coral/parrot.jpg", "macaw", 1},
		{"coral/tf2_mobilenet_v2_1.0_224_ptq.tflite", "coral/sunflower.bmp", "daisy", 1},
		{"coral/tf2_mobilenet_v2_1.0_224_ptq.tflite", "coral/grace_hopper.bmp", "military uniform", 1},
		{"coral/mobilenet_v1_0.25_128_quant.tflite", "coral/cat.bmp", "tabby|tiger cat|Egyptian cat", 1},
		{"coral/mobilenet_v1_0.25_128_quant.tflite", "coral/parrot.jpg", "macaw", 1},
		{"coral/mobilenet_v1_0.25_128_quant.tflite", "coral/sunflower.bmp", "daisy", 1},
		// So small a network takes the uniform for a gown; TFLite's own kernels do too.
		{"coral/mobilenet_v1_0.25_128_quant.tflite", "coral/grace_hopper.bmp", "military uniform", 4},
	} {
		if emulated() && ran[c.model] {
			continue
		}
		ran[c.model] = true
		t.Run(c.model+"/"+c.picture, func(t *testing.T) {
			g := importShared(t, c.model)
			file := readShared(t, c.picture)
			var m image.Image
			if strings.HasSuffix(c.picture, ".bmp") {
				m = bitmap(t, file)
			} else if d, _, err := image.Decode(bytes.NewReader(file)); err != nil {
				t.Fatal(err)
			} else {
				m = d
			}
			d := g.Inputs[0].DType
			if strings.HasPrefix(c.model, "tflm/") {
				d = tensor.UInt8 // its publisher's test copies the pixels' bytes as they are
			}
			sessions(t, g, func(t *testing.T, s *rt.Session) {
				feed(s, m, d)
				s.Run()
				best := 1 << 20
				if k, err := strconv.Atoi(c.class); err == nil {
					best = rank(s.Output(0).Bytes(), g.Outputs[0].DType, k)
				} else {
					labels := strings.Split(string(readShared(t, "coral/imagenet_labels.txt")), "\n")
					shift := 1001 - g.Outputs[0].Shape.Elements()
					for k, label := range labels {
						if regexp.MustCompile(c.class).MatchString(label) && k >= shift && k-shift < 1001-shift {
							best = min(best, rank(s.Output(0).Bytes(), g.Outputs[0].DType, k-shift))
						}
					}
				}
				if t.Logf("%s is in place %d", c.class, best); best > c.place {
					t.Errorf("want place %d or better", c.place)
				}
			})
		})
	}
}
