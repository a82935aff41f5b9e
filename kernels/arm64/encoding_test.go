package arm64_test

import (
	"embed"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

//go:embed *.h *.s
var sources embed.FS

var macro = regexp.MustCompile(`(?m)^#define (\w+)\(([^)]*)\) WORD \$\((0x[0-9A-F]{8}) ?\|([^/]*)\) // (.*)$`)

// encode is the word that a macro of neon_arm64.h stands for, with its arguments at the shifts that the macro names.
func encode(t *testing.T, base, terms string, args map[string]uint32) uint32 {
	v, err := strconv.ParseUint(base, 0, 32)
	if err != nil {
		t.Fatal(err)
	}
	word := uint32(v)
	for term := range strings.SplitSeq(terms, "|") {
		name, shift, _ := strings.Cut(strings.TrimSpace(term), "<<")
		name = strings.Trim(name, "()")
		n := 0
		if shift != "" {
			if n, err = strconv.Atoi(shift); err != nil {
				t.Fatal(err)
			}
		}
		arg, ok := args[name]
		if !ok {
			t.Fatalf("term %q names no argument", term)
		}
		word |= arg << n
	}
	return word
}

// TestEncodings has GNU objdump read back every instruction word of neon_arm64.h.
func TestEncodings(t *testing.T) {
	objdump, err := exec.LookPath("aarch64-linux-gnu-objdump")
	if err != nil {
		if os.Getenv("EDGERUN_REQUIRE_OBJDUMP") == "1" {
			t.Fatal("aarch64-linux-gnu-objdump is required and not installed")
		}
		t.Skip("aarch64-linux-gnu-objdump is not installed: the instruction words are not read back")
	}
	header, err := sources.ReadFile("neon_arm64.h")
	if err != nil {
		t.Fatal(err)
	}
	if words, macros := strings.Count(string(header), "WORD $"), len(macro.FindAllString(string(header), -1)); words != macros {
		t.Fatalf("neon_arm64.h has %d words, of which %d have the form that this test reads", words, macros)
	}
	var code []byte
	var want []string
	for _, m := range macro.FindAllStringSubmatch(string(header), -1) {
		for _, numbers := range [][3]uint32{{1, 2, 4}, {8, 16, 24}, {30, 29, 27}} {
			args, text := map[string]uint32{}, m[5]
			for i, name := range strings.Split(m[2], ", ") {
				args[name] = numbers[i]
				text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(numbers[i]))
			}
			code = binary.LittleEndian.AppendUint32(code, encode(t, m[3], m[4], args))
			want = append(want, text)
		}
	}
	file := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(file, code, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		if address, rest, ok := strings.Cut(line, ":\t"); ok && strings.TrimSpace(address) != "" {
			_, text, _ := strings.Cut(rest, "\t")
			got = append(got, strings.Join(strings.Fields(text), " "))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("objdump printed %d instructions for %d words", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("word %#x is %q, want %q", binary.LittleEndian.Uint32(code[4*i:]), got[i], want[i])
		}
	}
}

// TestWordsInHeader keeps hand-encoded instructions in the one file that TestEncodings reads.
func TestWordsInHeader(t *testing.T) {
	files, err := fs.Glob(sources, "*")
	if err != nil || len(files) == 0 {
		t.Fatal("no assembly found", err)
	}
	for _, file := range files {
		if file == "neon_arm64.h" {
			continue
		}
		text, err := sources.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "WORD") {
			t.Errorf("%s encodes an instruction by hand", file)
		}
	}
}
