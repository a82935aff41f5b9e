package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// TestOtherMachines checks the types of all packages for machines that only have portable kernels, or another operating
// system, at a fraction of what builds take, which compile all of Go's library: .ci/full makes those. 32-bit constants
// that overflow, files that a build leaves out and functions without a body are seen.
func TestOtherMachines(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: nothing that depends on the processor")
	}
	for _, target := range []string{"linux/arm", "linux/riscv64", "darwin/arm64", "windows/amd64"} {
		t.Run(target, func(t *testing.T) { checkTypes(t, target) })
	}
}

// importedPackages resolves the paths of one package's imports.
type importedPackages struct {
	checked map[string]*types.Package
	paths   map[string]string
}

func (p importedPackages) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if real, ok := p.paths[path]; ok {
		path = real
	}
	return p.checked[path], nil
}

func checkTypes(t *testing.T, target string) {
	system, arch, _ := strings.Cut(target, "/")
	list := json.NewDecoder(strings.NewReader(goCommand(t, []string{"GOOS=" + system, "GOARCH=" + arch},
		"list", "-deps", "-json=ImportPath,Dir,GoFiles,SFiles,ImportMap,Standard", "./...")))
	fset, checked, own := token.NewFileSet(), map[string]*types.Package{}, 0
	for list.More() { // each package comes after those that it imports
		var p struct {
			ImportPath, Dir string
			GoFiles, SFiles []string
			ImportMap       map[string]string
			Standard        bool
		}
		if err := list.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.ImportPath == "unsafe" {
			continue
		}
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		config := types.Config{
			Importer:         importedPackages{checked, p.ImportMap},
			Sizes:            types.SizesFor("gc", arch),
			IgnoreFuncBodies: p.Standard,
			Error:            func(err error) { t.Error(err) },
		}
		checked[p.ImportPath], _ = config.Check(p.ImportPath, fset, files, nil)
		if !strings.HasPrefix(p.ImportPath, module) {
			continue
		}
		own++
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body == nil && len(p.SFiles) == 0 {
					t.Errorf("%s: %s has no body", fset.Position(fn.Pos()), fn.Name.Name)
				}
			}
		}
	}
	if own < 15 {
		t.Errorf("%d packages of this module", own)
	}
}
