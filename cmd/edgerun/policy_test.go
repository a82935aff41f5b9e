package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// importOrder is the project's layering: in "a < b", b may import a, and what a may import. Do not change it to make
// a build pass: an import that it forbids is a sign that something is in the wrong place.
const importOrder = `
kernels/abi, kernels/fixed < kernels/generic, kernels/arm64, kernels/amd64 < kernels
kernels/abi < rt/tensor
rt/tensor, kernels, kernels/fixed < rt/op < rt/graph < rt/plan < rt
rt/graph < rt/op/optest
rt/tensor < rt/observe
rt/tensor, kernels/fixed < rt/frontend, rt/task
rt/graph, rt/frontend, rt/task, rt/observe < loader
rt, rt/task < rt/generate < quant
rt, rt/task, rt/observe < rt/finetune < quant
rt < quant/foreign < quant/onnx, quant/tflite
rt, loader, rt/frontend, rt/task, rt/observe < quant/onnx, quant/tflite, quant/pass, quant/calib < quant
quant, loader, rt, testdata < cmd/edgerun
`

// restricted lists imports that only some packages may have, or that some may never have directly. A package counts as
// named if it or a parent folder is.
var restricted = []struct {
	imports []string
	only    []string // allowed here only
	never   []string // or: nowhere below these
}{
	{imports: []string{"os", "reflect", "runtime/pprof", "net", "os/exec"}, never: []string{"rt", "kernels"}},
	{imports: []string{"github.com/klauspost/compress/zstd"}, only: []string{"loader"}},
	{imports: []string{"unsafe"}, only: []string{"rt/tensor", "kernels", "loader"}},
	{imports: []string{"C"}, never: []string{"."}},
	{imports: []string{"google.golang.org/protobuf/encoding/protowire"}, only: []string{"quant/onnx"}},
}

const module = "edgerun/"

// root is the repository's top folder.
func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func goCommand(t testing.TB, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), append([]string{"CGO_ENABLED=0"}, env...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}

// allowedImports returns, for each package of the order, all packages that it may import.
func allowedImports(order string) map[string]map[string]bool {
	allowed := map[string]map[string]bool{}
	list := func(s string) []string {
		var out []string
		for _, p := range strings.Split(s, ",") {
			out = append(out, strings.TrimSpace(p))
		}
		return out
	}
	for _, line := range strings.Split(strings.TrimSpace(order), "\n") {
		terms := strings.Split(line, "<")
		for i, term := range terms {
			for _, p := range list(term) {
				if allowed[p] == nil {
					allowed[p] = map[string]bool{}
				}
				for _, before := range terms[:i] {
					for _, q := range list(before) {
						allowed[p][q] = true
					}
				}
			}
		}
	}
	for changed := true; changed; { // transitive closure
		changed = false
		for _, set := range allowed {
			for q := range set {
				for r := range allowed[q] {
					if !set[r] {
						set[r], changed = true, true
					}
				}
			}
		}
	}
	return allowed
}

func TestImports(t *testing.T) {
	allowed := allowedImports(importOrder)
	for _, arch := range []string{"amd64", "arm64", "riscv64"} {
		out := goCommand(t, []string{"GOOS=linux", "GOARCH=" + arch}, "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
		for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
			fields := strings.Fields(line)
			pkg := strings.TrimPrefix(fields[0], module)
			if allowed[pkg] == nil && !strings.HasPrefix(pkg, "testdata") {
				t.Errorf("%s is not part of the import order", pkg)
			}
			for _, imp := range fields[1:] {
				if own, ok := strings.CutPrefix(imp, module); ok && !allowed[pkg][own] {
					t.Errorf("%s imports %s against the import order", pkg, own)
				}
				for _, r := range restricted {
					if slices.Contains(r.imports, imp) && (r.only != nil && !below(pkg, r.only) || below(pkg, r.never)) {
						t.Errorf("%s imports %s", pkg, imp)
					}
				}
			}
		}
	}
}

func below(pkg string, parents []string) bool {
	return slices.ContainsFunc(parents, func(p string) bool {
		return p == "." || pkg == p || strings.HasPrefix(pkg, p+"/")
	})
}

// TestBoardBinary: the command for boards is one static file of at most 12 MB without the demo's assets.
func TestBoardBinary(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no cross-compilation")
	}
	binary := filepath.Join(t.TempDir(), "edgerun")
	goCommand(t, []string{"GOOS=linux", "GOARCH=arm64"}, "build", "-tags", "nodemo", "-o", binary, "./cmd/edgerun")
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary has a %v segment: it is not static", p.Type)
		}
	}
	st, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("linux/arm64: %d bytes", st.Size())
	if st.Size() > 12<<20 {
		t.Errorf("the binary has %d bytes", st.Size())
	}
}

// fusedTargets are builds in which Go may fuse a·b + c, with a command that disassembles them: Go's own disassembler
// does not know the amd64 instructions.
var fusedTargets = []struct {
	name   string
	env    []string
	disasm func(t *testing.T, binary, symbols string) string
}{
	{"arm64", []string{"GOARCH=arm64"}, func(t *testing.T, binary, symbols string) string {
		return goCommand(t, nil, "tool", "objdump", "-s", symbols, binary)
	}},
	{"amd64 v3", []string{"GOARCH=amd64", "GOAMD64=v3"}, func(t *testing.T, binary, _ string) string {
		if _, err := exec.LookPath("objdump"); err != nil {
			if os.Getenv("EDGERUN_REQUIRE_OBJDUMP") != "" {
				t.Fatal("objdump is required and not installed (Debian package binutils)")
			}
			t.Skip("objdump is not installed (Debian package binutils): the amd64 v3 build is not checked")
		}
		out, err := exec.Command("objdump", "-d", "--no-show-raw-insn", binary).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}},
}

var (
	fusedInstruction = regexp.MustCompile(`(?i)\bv?fn?m(add|sub)[0-9a-z]*\b`)
	functionStart    = regexp.MustCompile(`^(?:TEXT (\S+)\(SB\) (\S*)|[0-9a-f]+ <([^>]+)>:)`)
)

// fusedFunctions lists the functions of this module, assembly aside, that hold a fused multiply-add, and counts all.
func fusedFunctions(disassembly string) (found []string, seen int) {
	function, ours := "", false
	for line := range strings.Lines(disassembly) {
		if m := functionStart.FindStringSubmatch(line); m != nil {
			function = m[1] + m[3]
			assembly := strings.HasSuffix(m[2], ".s") || strings.HasPrefix(function, module+"kernels/amd64.")
			ours = (strings.HasPrefix(function, module) || strings.HasPrefix(function, "main.")) && !assembly
			if ours {
				seen++
			}
			continue
		}
		if ours && fusedInstruction.MatchString(line) {
			found = append(found, function+": "+strings.TrimSpace(line))
		}
	}
	return found, seen
}

// TestNoFusedMultiplyAdd disassembles builds in which Go fuses a·b + c, which gives other bytes than elsewhere. No Go
// function of ours may hold such an instruction; a small program that does shows that the test would see one.
func TestNoFusedMultiplyAdd(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no cross-compilation")
	}
	const control = "package main\n\nimport \"os\"\n\n//go:noinline\nfunc fused(a, b, c float64) float64 { return a*b + c }\n\n" +
		"func main() { os.Exit(int(fused(float64(len(os.Args)), 2, 3))) }\n"
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(control), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, target := range fusedTargets {
		t.Run(target.name, func(t *testing.T) {
			env := append([]string{"GOOS=linux"}, target.env...)
			binary := filepath.Join(t.TempDir(), "control")
			goCommand(t, env, "build", "-o", binary, source)
			if found, _ := fusedFunctions(target.disasm(t, binary, `^main\.`)); len(found) == 0 {
				t.Fatal("the control's multiply-add is not seen: this test would see nothing")
			}
			binary = filepath.Join(t.TempDir(), "edgerun")
			goCommand(t, env, "build", "-o", binary, "./cmd/edgerun")
			found, seen := fusedFunctions(target.disasm(t, binary, `^(edgerun/|main\.)`))
			for _, f := range found {
				t.Error(f)
			}
			if seen < 500 {
				t.Errorf("only %d functions disassembled", seen)
			}
		})
	}
}

// TestTopLevel keeps the repository's top folder as it was agreed.
func TestTopLevel(t *testing.T) {
	want := []string{"ARCHITECTURE.md", "README.md", "boards", "cmd", "go.mod", "go.sum", "kernels", "loader", "quant", "rt", "testdata"}
	out, err := exec.Command("git", "-C", root(t), "ls-files").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	for _, file := range strings.Fields(string(out)) {
		top, _, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(want, top) {
			t.Errorf("%s stands at the top level", file)
		}
	}
}
