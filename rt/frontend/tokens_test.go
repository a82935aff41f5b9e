package frontend

import (
	"bufio"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func fileLines(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	for s := bufio.NewScanner(f); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}

// npyData is what follows the header of a .npy file.
func npyData(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b[10+int(binary.LittleEndian.Uint16(b[8:])):]
}

// checkTokens compares the tokens of texts, padded to wide, with those that the generator's own tokenizer gave.
func checkTokens(t *testing.T, spec Spec, texts []string, wide int, want func(i int) int32) {
	t.Helper()
	k, err := NewTokenizer(spec)
	if err != nil {
		t.Fatal(err)
	}
	var got []int32
	for i, text := range texts {
		if got, err = k.Append(got[:0], text, wide); err != nil {
			t.Fatal(err)
		}
		for j := range wide {
			n := k.Padding()
			if j < len(got) {
				n = got[j]
			}
			if n != want(i*wide+j) {
				t.Fatalf("%q: token %d is %d, want %d", text, j, n, want(i*wide+j))
			}
		}
	}
	if n := testing.AllocsPerRun(10, func() { got, _ = k.Append(got[:0], texts[0], wide) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}

// TestTokenizers gives all test sentences of intents and dates the tokens that the networks were trained with.
func TestTokenizers(t *testing.T) {
	const intents, dates = "../../testdata/intents/", "../../testdata/dates/"
	words := npyData(t, intents+"test_x.npy")
	checkTokens(t, Spec{Kind: KindTokens, Text: Text{Tokenizer: WordPieces, Vocabulary: fileLines(t, intents+"vocab.txt"), LowerCase: true,
		UnknownToken: "[UNK]", StartToken: "[CLS]", PadToken: "[PAD]"}}, fileLines(t, intents+"test.txt"), 24,
		func(i int) int32 { return int32(binary.LittleEndian.Uint16(words[2*i:])) })

	letters := Text{Tokenizer: Characters, Vocabulary: fileLines(t, dates+"letters.txt"), PadToken: "[PAD]"}
	var from, to []string
	for _, l := range fileLines(t, dates+"test.txt") {
		x, y, _ := strings.Cut(l, "\t")
		from, to = append(from, x), append(to, y)
	}
	x, y := npyData(t, dates+"test_x.npy"), npyData(t, dates+"test_y.npy")
	checkTokens(t, Spec{Kind: KindTokens, Text: letters}, from, 32, func(i int) int32 { return int32(x[i]) })
	letters.StartToken, letters.EndToken = "[START]", "[END]"
	checkTokens(t, Spec{Kind: KindTokens, Text: letters}, to, 12, func(i int) int32 { return int32(y[i]) })
}

func TestTokens(t *testing.T) {
	vocabulary := []string{"[PAD]", "[UNK]", "[S]", "[E]", "go", "##ing", "##es", "g", "größe", "!", "##ö", "Go", "##"}
	for _, c := range []struct {
		name, text string
		spec       Text
		limit      int
		want       []int32
		back       string
		cut        int
	}{
		{"words", "go, größe;  x", Text{Tokenizer: Words, UnknownToken: "[UNK]"}, 9, []int32{4, 8, 1}, "go größe [UNK]", 0},
		{"case", "Go", Text{Tokenizer: Words}, 9, []int32{11}, "Go", 0},
		{"lower case", "GO GRÖSSE GRÖßE", Text{Tokenizer: Words, LowerCase: true, UnknownToken: "[UNK]"}, 9, []int32{4, 1, 8}, "go [UNK] größe", 0},
		{"pieces", "going goes gö gx", Text{Tokenizer: WordPieces, UnknownToken: "[UNK]"}, 9, []int32{4, 5, 4, 6, 7, 10, 1}, "going goes gö [UNK]", 0},
		{"punctuation", "go!!", Text{Tokenizer: WordPieces, Punctuation: true}, 9, []int32{4, 9, 9}, "go ! !", 0},
		{"start and end", "go go go go", Text{Tokenizer: Words, StartToken: "[S]", EndToken: "[E]"}, 4, []int32{2, 4, 4, 3}, "go go", 2},
		{"cut within a word", "going", Text{Tokenizer: WordPieces, StartToken: "[S]", MaxTokens: 2}, 9, []int32{2, 4}, "go", 1},
		{"unknown behind the end", "go what, ever", Text{Tokenizer: Words}, 1, []int32{4}, "go", 2},
		{"no room", "go", Text{Tokenizer: Words, EndToken: "[E]"}, 0, nil, "", 1},
		{"room for the end", "go", Text{Tokenizer: Words, StartToken: "[S]", EndToken: "[E]"}, 1, []int32{3}, "", 1},
		{"nothing", " \xff", Text{Tokenizer: Words, StartToken: "[S]"}, 9, []int32{2}, "", 0},
	} {
		c.spec.Vocabulary = vocabulary
		k, err := NewTokenizer(Spec{Kind: KindTokens, Text: c.spec})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := k.Append(nil, c.text, c.limit)
		if err != nil || !slices.Equal(got, c.want) || k.Cut() != c.cut {
			t.Errorf("%s: %v, %d cut, %v, want %v, %d cut", c.name, got, k.Cut(), err, c.want, c.cut)
		}
		if back := string(k.AppendText(nil, got)); back != c.back {
			t.Errorf("%s: back as %q, want %q", c.name, back, c.back)
		}
	}
	k, err := NewTokenizer(Spec{Kind: KindTokens, Text: Text{Tokenizer: Words, Vocabulary: vocabulary}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Append(nil, "what", 3); !errors.Is(err, errUnknown) {
		t.Errorf("unknown word: %v", err)
	}
	for _, bad := range []Spec{
		{Kind: KindTokens},
		{Kind: KindTokens, Text: Text{Tokenizer: Words}},
		{Kind: KindTokens, Text: Text{Tokenizer: "bytes", Vocabulary: vocabulary}},
		{Kind: KindTokens, Text: Text{Tokenizer: Words, Vocabulary: []string{"a", "a"}}},
		{Kind: KindTokens, Text: Text{Tokenizer: Words, Vocabulary: []string{"a", ""}}},
		{Kind: KindTokens, Text: Text{Tokenizer: Words, Vocabulary: vocabulary, EndToken: "end"}},
		{Kind: KindTokens, Scale: 2, Text: Text{Tokenizer: Words, Vocabulary: vocabulary}},
		{Kind: KindVector, Text: Text{EndToken: "end"}},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}
