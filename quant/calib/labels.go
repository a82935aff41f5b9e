package calib

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// LabelOf returns the class that a data set names for sample i, "" where it names none. A sound or picture file, whose
// folder has the name, is not read.
func LabelOf(d Dataset, i int) (string, error) {
	switch d := d.(type) {
	case sounds:
		return d[i].label, nil
	case pictures:
		return d[i].label, nil
	case *arrays:
		return d.groups[sort.SearchInts(d.ends, i+1)].label, nil
	}
	s, err := d.Sample(i)
	return s.Label, err
}

// maxClass bounds a class's number where a network has no labels.
const maxClass = 1 << 20

// Class returns the number of the class that label names: the place of an equal name, or else the number itself, which
// must be one of a class: below len(names), where there are names.
func Class(label string, names []string) (int, error) {
	if i := slices.Index(names, label); i >= 0 {
		return i, nil
	}
	n, err := strconv.Atoi(label)
	if err != nil {
		if len(names) == 0 {
			return 0, fmt.Errorf("label %q: wanted a number, as the model has no labels", label)
		}
		return 0, fmt.Errorf("label %q is none of the model's %d", label, len(names))
	}
	return n, checkClass(int64(n), names)
}

func checkClass(n int64, names []string) error {
	limit := int64(len(names))
	if limit == 0 {
		limit = maxClass
	}
	if n < 0 || n >= limit {
		return fmt.Errorf("class %d outside [0,%d)", n, limit)
	}
	return nil
}

// Labels returns the classes that a file of labels lists: a .npy of integers, one for each sample, or a .txt or .csv
// with one name or number (see Class) a line. A .csv may have a first line of names, of which one is "label".
func Labels(path string, names []string) ([]int, error) {
	var labels []string
	var err error
	switch (file{path: path}).kind() {
	case ".npy":
		return labelsNPY(path, names)
	case ".txt":
		labels, err = lines(path)
	case ".csv":
		labels, err = labelsCSV(path)
	default:
		err = fmt.Errorf("%s: wanted a .npy, .txt or .csv file of labels", path)
	}
	if err != nil {
		return nil, err
	}
	classes := make([]int, len(labels))
	for i, l := range labels {
		if classes[i], err = Class(l, names); err != nil {
			return nil, fmt.Errorf("%s: sample %d: %w", path, i, err)
		}
	}
	return classes, nil
}

// maxLabels and maxTable bound text files, which are held in memory.
const (
	maxLabels = 1 << 24
	maxTable  = 1 << 27
)

func lines(path string) ([]string, error) {
	b, err := readAll(path, maxLabels)
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(string(b), " \t\r\n")
	if text == "" {
		return nil, fmt.Errorf("%s: no labels", path)
	}
	all := strings.Split(text, "\n")
	for i, l := range all {
		if all[i] = strings.TrimSpace(l); all[i] == "" {
			return nil, fmt.Errorf("%s: line %d is empty", path, i+1)
		}
	}
	return all, nil
}
