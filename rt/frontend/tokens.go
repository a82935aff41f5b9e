package frontend

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// KindTokens takes text apart into numbers of a vocabulary.
const KindTokens = "tokens"

// How text is taken apart. Words are runs of letters and digits: those of ASCII, and others that the vocabulary has.
// Whatever else is between words counts for nothing, unless Punctuation makes each such character but blanks a word.
const (
	Characters = "character" // each character is a token
	Words      = "word"      // each word is one
	WordPieces = "wordpiece" // from its start, a word is cut into the longest pieces that the vocabulary has; all but the first begin with ##. Source: BERT
)

// Text is what a Spec of KindTokens has. A token's number is its place in Vocabulary.
type Text struct {
	Tokenizer   string   `json:"tokenizer,omitempty"`
	Vocabulary  []string `json:"vocabulary,omitempty"`
	LowerCase   bool     `json:"lowerCase,omitempty"`
	Punctuation bool     `json:"punctuation,omitempty"`
	// Tokens that stand for something else: for what the vocabulary has not ("": such text is an error), before and behind a
	// text ("": nothing), and behind that up to the input's length ("": number 0).
	UnknownToken string `json:"unknownToken,omitempty"`
	StartToken   string `json:"startToken,omitempty"`
	EndToken     string `json:"endToken,omitempty"`
	PadToken     string `json:"padToken,omitempty"`
	MaxTokens    int    `json:"maxTokens,omitempty"` // of a text, start and end included; what is longer is cut. 0: as many as the input takes
}

// maxVocabulary bounds the tokens of a vocabulary, maxToken the bytes of one.
const (
	maxVocabulary = 1 << 18
	maxToken      = 256
)

func (s *Spec) checkTokens() error {
	if err := oneOf("tokenizer", s.Tokenizer, Characters, Words, WordPieces); err != nil {
		return err
	}
	if n := len(s.Vocabulary); n < 1 || n > maxVocabulary {
		return fmt.Errorf("frontend: vocabulary of %d tokens; wanted 1 to %d", n, maxVocabulary)
	}
	if s.Punctuation && s.Tokenizer == Characters {
		return fmt.Errorf("frontend: tokenizer %q takes no punctuation", Characters)
	}
	if s.MaxTokens < 0 || s.MaxTokens > maxVocabulary {
		return fmt.Errorf("frontend: %d tokens of a text outside [0,%d]", s.MaxTokens, maxVocabulary)
	}
	numbers := make(map[string]int32, len(s.Vocabulary))
	for i, t := range s.Vocabulary {
		if t == "" || len(t) > maxToken || !utf8.ValidString(t) {
			return fmt.Errorf("frontend: token %d is %.40q; wanted 1 to %d bytes of UTF-8", i, t, maxToken)
		}
		if _, twice := numbers[t]; twice {
			return fmt.Errorf("frontend: token %d, %q, is in the vocabulary twice", i, t)
		}
		numbers[t] = int32(i)
	}
	for name, t := range map[string]string{"unknownToken": s.UnknownToken, "startToken": s.StartToken, "endToken": s.EndToken, "padToken": s.PadToken} {
		if _, ok := numbers[t]; t != "" && !ok {
			return fmt.Errorf("frontend: %s %q is not in the vocabulary", name, t)
		}
	}
	return nil
}

// Tokenizer turns texts into tokens. One goroutine at a time may use it.
type Tokenizer struct {
	spec    Spec
	numbers map[string]int32
	letters map[rune]bool // of tokens, beyond ASCII
	unknown int32         // −1: none
	word    []byte
	piece   []byte
	cut     int // tokens that Append left out last
}

// NewTokenizer returns the tokenizer that a specification of KindTokens describes.
func NewTokenizer(spec Spec) (*Tokenizer, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if spec.Kind != KindTokens {
		return nil, fmt.Errorf("frontend: kind %q has no tokenizer", spec.Kind)
	}
	t := &Tokenizer{spec: spec, numbers: map[string]int32{}, letters: map[rune]bool{}, unknown: -1}
	for i, w := range spec.Vocabulary {
		t.numbers[w] = int32(i)
		for _, r := range w {
			if r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
				t.letters[r] = true
			}
		}
	}
	if spec.UnknownToken != "" {
		t.unknown = t.numbers[spec.UnknownToken]
	}
	return t, nil
}

// Spec returns what the tokenizer was made from.
func (t *Tokenizer) Spec() Spec { return t.spec }

// Padding returns the number that fills up inputs.
func (t *Tokenizer) Padding() int32 {
	if t.spec.PadToken == "" {
		return 0
	}
	return t.numbers[t.spec.PadToken]
}

var errUnknown = errors.New("the vocabulary has no such token, and none for unknown ones")

// Append appends the tokens of text, at most limit, to dst. Where text is cut, its end token stays, and Cut tells it. It
// allocates nothing but to make dst larger.
func (t *Tokenizer) Append(dst []int32, text string, limit int) ([]int32, error) {
	if t.spec.MaxTokens > 0 {
		limit = min(limit, t.spec.MaxTokens)
	}
	first := len(dst)
	if t.spec.EndToken != "" {
		limit--
	}
	if t.spec.StartToken != "" && limit > 0 {
		dst = append(dst, t.numbers[t.spec.StartToken])
	}
	t.word, t.cut = t.word[:0], 0
	end := max(first+limit, len(dst))
	var err error
	for _, r := range text {
		if t.spec.LowerCase {
			r = unicode.ToLower(r)
		}
		alone := t.spec.Tokenizer == Characters
		switch {
		case !alone && t.letter(r):
			t.word = utf8.AppendRune(t.word, r)
			continue
		case !alone:
			if dst, err = t.put(dst, end); err != nil {
				return dst, err
			}
			alone = t.spec.Punctuation && !unicode.IsSpace(r)
		}
		if alone {
			t.word = utf8.AppendRune(t.word, r)
			if dst, err = t.put(dst, end); err != nil {
				return dst, err
			}
		}
	}
	if dst, err = t.put(dst, end); err != nil {
		return dst, err
	}
	if t.spec.EndToken != "" && limit >= 0 {
		dst = append(dst, t.numbers[t.spec.EndToken])
	}
	return dst, nil
}

// Cut returns how many tokens of its text the last Append left out.
func (t *Tokenizer) Cut() int { return t.cut }

func (t *Tokenizer) letter(r rune) bool {
	return r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') || t.letters[r]
}

// put appends the tokens of the word at hand up to place end of dst, and counts those behind it. A word behind it may be
// unknown: it counts as one.
func (t *Tokenizer) put(dst []int32, end int) ([]int32, error) {
	full := len(dst) == end
	dst, err := t.flush(dst)
	if err != nil {
		if !full {
			return dst, err
		}
		t.cut++
	} else {
		t.cut += max(0, len(dst)-end)
	}
	return dst[:min(len(dst), end)], nil
}

// flush appends the tokens of the word at hand and empties it.
func (t *Tokenizer) flush(dst []int32) ([]int32, error) {
	w, first := t.word, len(dst)
	t.word = w[:0]
	if t.spec.Tokenizer != WordPieces {
		if len(w) == 0 {
			return dst, nil
		}
		n, ok := t.numbers[string(w)]
		if !ok {
			if n = t.unknown; n < 0 {
				return dst, fmt.Errorf("frontend: %.40q: %w", w, errUnknown)
			}
		}
		return append(dst, n), nil
	}
	for at := 0; at < len(w); {
		end, n, ok := len(w), int32(0), false
		for {
			t.piece = t.piece[:0]
			if at > 0 {
				t.piece = append(t.piece, "##"...)
			}
			t.piece = append(t.piece, w[at:end]...)
			if n, ok = t.numbers[string(t.piece)]; ok {
				break
			}
			_, size := utf8.DecodeLastRune(w[at:end])
			if end -= size; end == at {
				break
			}
		}
		if !ok {
			if t.unknown < 0 {
				return dst, fmt.Errorf("frontend: %.40q: %w", w, errUnknown)
			}
			return append(dst[:first], t.unknown), nil
		}
		dst = append(dst, n)
		at = end
	}
	return dst, nil
}

// AppendText appends the text of tokens to dst: what stands for something else is left out, words are put apart by blanks,
// and further pieces of words joined to the first. Numbers outside the vocabulary are left out too.
func (t *Tokenizer) AppendText(dst []byte, tokens []int32) []byte {
	first := len(dst)
	for _, n := range tokens {
		if n < 0 || int(n) >= len(t.spec.Vocabulary) {
			continue
		}
		w := t.spec.Vocabulary[n]
		if w == t.spec.StartToken || w == t.spec.EndToken || w == t.spec.PadToken {
			continue
		}
		more, joined := strings.CutPrefix(w, "##")
		if joined = joined && t.spec.Tokenizer == WordPieces; joined {
			w = more
		}
		if t.spec.Tokenizer != Characters && !joined && len(dst) > first {
			dst = append(dst, ' ')
		}
		dst = append(dst, w...)
	}
	return dst
}
