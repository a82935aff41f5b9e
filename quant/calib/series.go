package calib

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"edgerun/rt/tensor"
)

// series are the equally long time series of a .ts file in memory, the format of the UEA and UCR archives: after lines of
// names and of @data, a series a line, its dimensions between colons, their values between commas, and at the end its class.
// A sample is [time, dimensions]. Source: the sktime project's description of the format.
type series struct {
	table
	time, dims int
}

// openSeries reads a .ts file.
func openSeries(path string) (Dataset, error) {
	b, err := readAll(path, maxTable)
	if err != nil {
		return nil, err
	}
	s, err := parseSeries(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.path = path
	return s, nil
}

func parseSeries(b []byte) (*series, error) {
	s := &series{}
	labelled, data := false, false
	r := bufio.NewReader(bytes.NewReader(b))
	for number := 1; ; number++ {
		line, err := r.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			if bad := s.line(line, &labelled, &data); bad != nil {
				return nil, fmt.Errorf("line %d: %w", number, bad)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if s.rows == 0 {
		return nil, errors.New("no series")
	}
	s.wide = s.time * s.dims
	return s, nil
}

func (s *series) line(line string, labelled, data *bool) error {
	if !*data {
		key, value, _ := strings.Cut(line, " ")
		value = strings.ToLower(strings.TrimSpace(value))
		switch key := strings.ToLower(key); {
		case key == "@data":
			*data = true
		case key == "@classlabel":
			*labelled = strings.HasPrefix(value, "true")
		case key == "@timestamps" && value == "true":
			return errors.New("series with time stamps; wanted values at equal distances")
		case key[0] != '@':
			return fmt.Errorf("%.40q; wanted a line of @names before @data", line)
		}
		return nil
	}
	dims := strings.Split(line, ":")
	label := ""
	if *labelled {
		label = strings.TrimSpace(dims[len(dims)-1])
		dims = dims[:len(dims)-1]
		if label == "" {
			return errors.New("no class at the end")
		}
	}
	if len(dims) == 0 {
		return errors.New("no values")
	}
	if s.rows == 0 {
		s.dims, s.time = len(dims), 1+strings.Count(dims[0], ",")
	}
	if len(dims) != s.dims {
		return fmt.Errorf("%d dimensions, wanted %d", len(dims), s.dims)
	}
	for d, text := range dims { // all of them, before memory is taken for what they say
		if n := 1 + strings.Count(text, ","); n != s.time {
			return fmt.Errorf("dimension %d has %d values, wanted %d: series must be equally long", d, n, s.time)
		}
	}
	row := make([]float32, s.time*s.dims)
	for d, text := range dims {
		for i, text := range strings.Split(text, ",") {
			v, err := number(text)
			if err != nil {
				return fmt.Errorf("dimension %d, value %d: %.40q is no float32 number", d, i, text)
			}
			row[i*s.dims+d] = v
		}
	}
	s.values = append(s.values, row...)
	if *labelled {
		s.labels = append(s.labels, label)
	}
	s.rows++
	return nil
}

func (s *series) Sample(i int) (Sample, error) {
	x, err := s.table.Sample(i)
	x.Shape, x.DType = []int{s.time, s.dims}, tensor.Float32
	return x, err
}
