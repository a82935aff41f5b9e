package calib

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // registers the decoder
	_ "image/png"

	_ "golang.org/x/image/bmp"

	"edgerun/rt/tensor"
)

// maxFile and maxPixels bound picture files.
const (
	maxFile   = 64 << 20
	maxPixels = 16 << 20
)

// pictures is a data set of picture files.
type pictures []file

func (p pictures) Len() int { return len(p) }

func (p pictures) Sample(i int) (Sample, error) {
	if i < 0 || i >= len(p) {
		return Sample{}, fmt.Errorf("%s: picture %d outside [0,%d)", p[0].path, i, len(p))
	}
	f := p[i]
	b, err := readAll(f.path, maxFile)
	if err != nil {
		return Sample{}, err
	}
	s := Sample{Name: f.path, Label: f.label, DType: tensor.UInt8, decoded: true}
	if s.Shape, s.Bytes, err = decode(b); err != nil {
		return Sample{}, fmt.Errorf("%s: %w", f.path, err)
	}
	return s, nil
}

// decode returns a picture's pixels, [h w] for grey ones and [h w 3] for all others. Transparency is dropped, and of
// 16 bits the upper 8 are kept.
func decode(b []byte) ([]int, []uint8, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	if w, h := int64(config.Width), int64(config.Height); w < 1 || h < 1 || w > maxPixels || h > maxPixels/w {
		return nil, nil, fmt.Errorf("%dx%d pixels; wanted at most %d", w, h, maxPixels)
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	r := m.Bounds()
	w, h := r.Dx(), r.Dy()
	switch m := m.(type) {
	case *image.Gray:
		pix := make([]uint8, 0, w*h)
		for y := range h {
			pix = append(pix, m.Pix[y*m.Stride:][:w]...)
		}
		return []int{h, w}, pix, nil
	case *image.Gray16:
		pix := make([]uint8, w*h)
		for i := range pix {
			pix[i] = m.Pix[i/w*m.Stride+i%w*2]
		}
		return []int{h, w}, pix, nil
	}
	if m, ok := m.(*image.Paletted); ok && isGrey(m.Palette) {
		pix := make([]uint8, 0, w*h)
		for y := range h {
			for _, k := range m.Pix[y*m.Stride:][:w] {
				pix = append(pix, color.NRGBAModel.Convert(m.Palette[k]).(color.NRGBA).R) // the decoders check k
			}
		}
		return []int{h, w}, pix, nil
	}
	pix := make([]uint8, 0, w*h*3)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			var c color.NRGBA
			switch m := m.(type) {
			case *image.YCbCr:
				v := m.YCbCrAt(x, y)
				c.R, c.G, c.B = color.YCbCrToRGB(v.Y, v.Cb, v.Cr)
			case *image.NRGBA:
				c = m.NRGBAAt(x, y)
			case *image.NRGBA64:
				v := m.NRGBA64At(x, y)
				c.R, c.G, c.B = uint8(v.R>>8), uint8(v.G>>8), uint8(v.B>>8)
			case *image.RGBA: // the decoders give it for opaque pictures
				v := m.RGBAAt(x, y)
				c.R, c.G, c.B = v.R, v.G, v.B
			default:
				c = color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			}
			pix = append(pix, c.R, c.G, c.B)
		}
	}
	return []int{h, w, 3}, pix, nil
}

// isGrey reports whether a palette has greys alone, as that of a .bmp file of one channel.
func isGrey(p color.Palette) bool {
	for _, c := range p {
		if v := color.NRGBAModel.Convert(c).(color.NRGBA); v.R != v.G || v.G != v.B {
			return false
		}
	}
	return true
}
