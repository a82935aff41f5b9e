package main

import (
	"math"
	"slices"

	"edgerun/kernels/fixed"
)

// byClass returns the samples of each class, in order of the classes. Without classes all are of one.
func byClass(some []int, class []int) (all [][]int) {
	if class == nil {
		return [][]int{some}
	}
	of := map[int][]int{}
	var names []int
	for _, i := range some {
		if of[class[i]] == nil {
			names = append(names, class[i])
		}
		of[class[i]] = append(of[class[i]], i)
	}
	slices.Sort(names)
	for _, c := range names {
		all = append(all, of[c])
	}
	return all
}

// shuffled returns x in random order.
func shuffled(x []int, r *fixed.Random) []int {
	x = slices.Clone(x)
	for i := len(x) - 1; i > 0; i-- {
		j := int(r.Next() % uint64(i+1))
		x[i], x[j] = x[j], x[i]
	}
	return x
}

// holdOut takes a share of each class out of some samples, at least one of a class that has two.
func holdOut(some, class []int, share float64, seed uint64) (train, hold []int) {
	r := fixed.Random(seed)
	for _, of := range byClass(some, class) {
		x := shuffled(of, &r)
		n := int(math.Round(share * float64(len(x))))
		if share > 0 && len(x) > 1 {
			n = min(max(n, 1), len(x)-1)
		}
		hold, train = append(hold, x[:n]...), append(train, x[n:]...)
	}
	slices.Sort(train)
	slices.Sort(hold)
	return train, hold
}

// fewOfEach takes at most n samples, as many of each class as there are and can be, and returns the others too.
func fewOfEach(some, class []int, n int, seed uint64) (few, rest []int) {
	r := fixed.Random(seed)
	classes := byClass(some, class)
	slices.SortStableFunc(classes, func(a, b []int) int { return len(a) - len(b) })
	for k, of := range classes {
		x := shuffled(of, &r)
		m := min(len(x), (n-len(few))/(len(classes)-k))
		few, rest = append(few, x[:m]...), append(rest, x[m:]...)
	}
	slices.Sort(few)
	slices.Sort(rest)
	return few, rest
}

// foldsOf deals samples into k parts, each with its share of each class.
func foldsOf(some, class []int, k int, seed uint64) [][]int {
	r := fixed.Random(seed)
	folds := make([][]int, k)
	next := 0
	for _, of := range byClass(some, class) {
		for _, i := range shuffled(of, &r) {
			folds[next%k] = append(folds[next%k], i)
			next++
		}
	}
	for _, f := range folds {
		slices.Sort(f)
	}
	return folds
}

// without returns the samples of all that are not of some, both sorted.
func without(all, some []int) (rest []int) {
	for _, i := range all {
		if _, found := slices.BinarySearch(some, i); !found {
			rest = append(rest, i)
		}
	}
	return rest
}
