package task_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"edgerun/rt/task"
)

func classifier(t testing.TB, spec task.Spec, classes int) *task.Classifier {
	t.Helper()
	spec.Kind = task.KindClassify
	c, err := task.NewClassifier(spec, classes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClassify(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	third := float32(1) / 3
	for _, c := range []struct {
		name   string
		spec   task.Spec
		output []float32
		want   []task.Answer
	}{
		{"top 1 is the default", task.Spec{OutputIs: task.Probabilities}, []float32{0.2, 0.5, 0.3}, []task.Answer{{1, 0.5}}},
		{"in order", task.Spec{OutputIs: task.Probabilities, TopK: 2}, []float32{0.2, 0.5, 0.3}, []task.Answer{{1, 0.5}, {2, 0.3}}},
		{"more than there are", task.Spec{OutputIs: task.Probabilities, TopK: 9}, []float32{0.25, 0.75}, []task.Answer{{1, 0.75}, {0, 0.25}}},
		{"ties to the lower class", task.Spec{OutputIs: task.Logits, TopK: 3}, []float32{7, 7, 7}, []task.Answer{{0, third}, {1, third}, {2, third}}},
		{"ties around a larger one", task.Spec{OutputIs: task.Probabilities, TopK: 2}, []float32{0.1, 0.2, 0.5, 0.2}, []task.Answer{{2, 0.5}, {1, 0.2}}},
		{"threshold", task.Spec{OutputIs: task.Probabilities, TopK: 3, Threshold: 0.3}, []float32{0.2, 0.5, 0.3}, []task.Answer{{1, 0.5}, {2, 0.3}}},
		{"nothing passes", task.Spec{OutputIs: task.Probabilities, Threshold: 0.9}, []float32{0.2, 0.5, 0.3}, nil},
		{"log-probabilities", task.Spec{OutputIs: task.LogProbabilities}, []float32{-200, 0}, []task.Answer{{1, 1}}},
		{"large logits", task.Spec{OutputIs: task.Logits, TopK: 2}, []float32{-3e38, 3e38}, []task.Answer{{1, 1}, {0, 0}}},
		{"NaN", task.Spec{OutputIs: task.Logits, TopK: 2}, []float32{1, nan}, nil},
		{"all NaN", task.Spec{OutputIs: task.Probabilities, TopK: 2}, []float32{nan, nan}, nil},
		{"infinite", task.Spec{OutputIs: task.Logits}, []float32{inf, 0}, nil},
	} {
		got, err := classifier(t, c.spec, len(c.output)).Classify(c.output)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.name, got, err, c.want)
		}
	}

	// Softmax and exponential agree with float64 to a few units in the last place.
	x := []float32{0.5, -1, 2, 1.25, 1.25}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v))
	}
	logs := make([]float32, len(x))
	for i, v := range x {
		logs[i] = float32(float64(v) - math.Log(sum))
	}
	a, _ := classifier(t, task.Spec{OutputIs: task.Logits, TopK: 5}, 5).Classify(x)
	b, _ := classifier(t, task.Spec{OutputIs: task.LogProbabilities, TopK: 5}, 5).Classify(logs)
	for i, class := range []int{2, 3, 4, 0, 1} {
		want := math.Exp(float64(x[class])) / sum
		if a[i].Class != class || math.Abs(float64(a[i].Probability)/want-1) > 1e-6 {
			t.Errorf("softmax: answer %d is %v, want %d with %v", i, a[i], class, want)
		}
		if b[i].Class != class || math.Abs(float64(b[i].Probability)/want-1) > 1e-6 {
			t.Errorf("exp: answer %d is %v, want %d with %v", i, b[i], class, want)
		}
	}
}

func TestSpec(t *testing.T) {
	for _, c := range []struct {
		spec task.Spec
		want string
	}{
		{task.Spec{}, `kind "" unknown`},
		{task.Spec{Kind: task.KindNone, TopK: 1}, "takes no topK"},
		{task.Spec{Kind: task.KindClassify}, `outputIs "" unknown`},
		{task.Spec{Kind: task.KindClassify, OutputIs: task.Logits, TopK: -1}, "topK -1"},
		{task.Spec{Kind: task.KindClassify, OutputIs: task.Logits, Threshold: 1.5}, "threshold 1.5"},
		{task.Spec{Kind: task.KindClassify, OutputIs: task.Logits, Threshold: float32(math.NaN())}, "threshold NaN"},
	} {
		if err := c.spec.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.spec, err, c.want)
		}
	}
	if err := (task.Spec{Kind: task.KindNone}).Check(); err != nil {
		t.Error(err)
	}
	ok := task.Spec{Kind: task.KindClassify, OutputIs: task.Logits}
	if _, err := task.NewClassifier(task.Spec{Kind: task.KindNone}, 3); err == nil {
		t.Error("classifier for kind none")
	}
	if _, err := task.NewClassifier(ok, 0); err == nil {
		t.Error("classifier without classes")
	}
	if _, err := classifier(t, ok, 3).Classify(make([]float32, 4)); err == nil || !strings.Contains(err.Error(), "4 values, wanted 3") {
		t.Errorf("wrong length: %v", err)
	}
}

func TestAllocations(t *testing.T) {
	c := classifier(t, task.Spec{OutputIs: task.Logits, TopK: 5}, 100)
	x := make([]float32, 100)
	for i := range x {
		x[i] = float32(i * 37 % 100)
	}
	if n := testing.AllocsPerRun(10, func() { c.Classify(x) }); n != 0 {
		t.Errorf("Classify allocates %v times", n)
	}
}

// TestConfusion: three classes, of which the last has no samples and the middle one no answers.
//
//	          answered
//	truth     0  1  2  none
//	0         3  0  1  1
//	1         2  0  0  0
//	2         0  0  0  0
func TestConfusion(t *testing.T) {
	c := task.NewConfusion(3)
	for _, s := range [][2]int{{0, 0}, {0, 0}, {0, 0}, {0, 2}, {0, task.NoAnswer}, {1, 0}, {1, 0}} {
		if err := c.Add(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	if c.Samples() != 7 || c.Correct() != 3 || c.Accuracy() != 3.0/7 || c.At(0, task.NoAnswer) != 1 || c.At(1, 0) != 2 {
		t.Errorf("samples %d, correct %d, accuracy %v", c.Samples(), c.Correct(), c.Accuracy())
	}
	for k, want := range []struct {
		m task.Metrics
		n uint64
	}{
		{task.Metrics{Precision: 3.0 / 5, Recall: 3.0 / 5, F1: 6.0 / 10}, 5},
		{task.Metrics{}, 2},
		{task.Metrics{}, 0},
	} {
		if m, n := c.Class(k); !reflect.DeepEqual(m, want.m) || n != want.n {
			t.Errorf("class %d: %+v of %d, want %+v", k, m, n, want)
		}
	}
	third := float64(3) / 5
	third /= 3
	if m := c.Macro(); m != (task.Metrics{Precision: third, Recall: third, F1: third}) {
		t.Errorf("macro %+v", m)
	}
	for _, s := range [][2]int{{3, 0}, {-1, 0}, {0, 3}, {0, -2}} {
		if c.Add(s[0], s[1]) == nil {
			t.Errorf("Add(%d, %d): no error", s[0], s[1])
		}
	}
	empty := task.NewConfusion(2)
	if empty.Accuracy() != 0 || empty.Macro() != (task.Metrics{}) {
		t.Error("0/0 is not 0")
	}
	if strings.Contains(task.NewConfusion(21).Table(nil), "answer") {
		t.Error("a matrix of 21 classes is drawn")
	}
	if got := c.Table([]string{"a"}); !strings.Contains(got, "none\n") || !strings.Contains(got, "accuracy 42.86 % (3 of 7)") {
		t.Errorf("table:\n%s", got)
	}
}

// A network's logits become an answer, and answers a report.
func Example() {
	labels := []string{"cat", "dog"}
	c, err := task.NewClassifier(task.Spec{Kind: task.KindClassify, OutputIs: task.Logits}, len(labels))
	if err != nil {
		fmt.Println(err)
		return
	}
	confusion := task.NewConfusion(len(labels))
	for truth, logits := range [][]float32{{2, 0}, {1, 0}} {
		answers, err := c.Classify(logits)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %.2f\n", labels[answers[0].Class], answers[0].Probability)
		confusion.Add(truth, answers[0].Class)
	}
	fmt.Print(confusion.Table(labels))
	// Output:
	// cat 0.88
	// cat 0.73
	// class          precision  recall      f1  samples
	// cat                50.00  100.00   66.67        1
	// dog                 0.00    0.00    0.00        1
	// macro average      25.00   50.00   33.33        2
	// accuracy 50.00 % (1 of 2)
	//
	// true \ answer  cat  dog
	// cat              1    0
	// dog              1    0
}
