package loader

import (
	"errors"
	"fmt"

	"edgerun/rt/op"
)

// Classes of errors, for errors.Is. What the reader does not know, from operators to encodings, is op.ErrUnsupported.
var (
	ErrFormat    = errors.New("not a well-formed .edge file")
	ErrVersion   = errors.New("needs another version")
	ErrChecksum  = errors.New("checksum mismatch")
	ErrSignature = errors.New("signature not valid") // reserved: signatures are not verified yet
)

// Options limit what reading may take. The zero value is the default.
type Options struct {
	// MaxMemory bounds the bytes that decoding allocates for what is in the file; 0 stands for 1 GiB.
	MaxMemory int64
	// Limits replaces the limits on counts and lengths that are not 0.
	Limits Limits
}

// Limits are the largest counts and lengths that a file may hold. Encode and Decode keep the same ones, so that what
// was written can be read. A field of 0 stands for its default.
type Limits struct {
	FileBytes  int64 // 1 GiB
	Sections   int   // 64
	Values     int   // 262144: inputs, constants and outputs of nodes
	Nodes      int   // 65536
	Args       int   // 4096: inputs of one node, inputs or outputs of the graph
	AttrValues int   // 65536: numbers in one attribute
	NameBytes  int   // 1024: names, labels and keys
	TextBytes  int   // 1 MiB: a text of meta data, a specification
	Entries    int   // 65536: labels, meta data, statistics
	Golden     int   // 8
}

const (
	defaultMemory = 1 << 30
	maxWindow     = 8 << 20 // of zstd
	maxRatio      = 1024    // decoded to stored bytes of a zstd frame
)

var defaults = Limits{FileBytes: 1 << 30, Sections: 64, Values: 1 << 18, Nodes: 1 << 16, Args: 4096, AttrValues: 1 << 16,
	NameBytes: 1024, TextBytes: 1 << 20, Entries: 1 << 16, Golden: 8}

func (o Options) withDefaults() Options {
	if o.MaxMemory <= 0 {
		o.MaxMemory = defaultMemory
	}
	l, d := &o.Limits, &defaults
	if l.FileBytes <= 0 {
		l.FileBytes = d.FileBytes
	}
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.Sections, d.Sections}, {&l.Values, d.Values}, {&l.Nodes, d.Nodes}, {&l.Args, d.Args}, {&l.AttrValues, d.AttrValues},
		{&l.NameBytes, d.NameBytes}, {&l.TextBytes, d.TextBytes}, {&l.Entries, d.Entries}, {&l.Golden, d.Golden},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return o
}

// budget is the memory that decoding may still allocate.
type budget struct{ left, all int64 }

// take reserves n bytes for what.
func (b *budget) take(n uint64, what string) error {
	if n > uint64(b.left) {
		return failf(ErrFormat, "%s takes %d bytes decoded, %d of %d are left", what, n, b.left, b.all)
	}
	b.left -= int64(n)
	return nil
}

// failure is an error with its class, which errors.Is finds without it being part of the message.
type failure struct {
	msg   string
	class error
	cause error
}

func (f *failure) Error() string {
	if f.cause != nil {
		return f.msg + ": " + f.cause.Error()
	}
	return f.msg
}

func (f *failure) Unwrap() []error {
	if f.cause != nil {
		return []error{f.class, f.cause}
	}
	return []error{f.class}
}

func failf(class error, format string, args ...any) error {
	return &failure{msg: fmt.Sprintf(format, args...), class: class}
}

// at puts a place before an error; an error without a class becomes one of the format.
func at(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	class := ErrFormat
	for _, c := range []error{ErrVersion, ErrChecksum, ErrSignature, op.ErrUnsupported} {
		if errors.Is(err, c) {
			class = c
		}
	}
	return &failure{msg: fmt.Sprintf(format, args...), class: class, cause: err}
}
