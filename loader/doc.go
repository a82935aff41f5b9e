// Package loader reads and writes .edge files: a network with all that is needed to run it on a board.
//
//	Model ──Encode──▶ bytes ──WriteFile──▶ file ──ReadFile──▶ bytes ──Decode──▶ Model
//
// Any bytes given to Decode, Sizes or ReadHeader give a result or an error: never a panic, and no memory beyond the
// limits. This comment specifies the format byte by byte; with the zstd format (RFC 8878) nothing else is needed to
// read a file.
//
// # Conventions
//
// Fixed numbers are little-endian. uvarint is unsigned LEB128 of up to 64 bits in its shortest form; varint is a
// zigzag number, (v<<1) ^ (v>>63), as uvarint; f32 is IEEE 754 binary32; text is uvarint length and that many bytes of
// UTF-8. A list is uvarint count and the items. All limits are in Limits.
//
// # File
//
//	header | section table | hash | section | section | …
//
// Sections lie in the order of the table. Each begins less than 64 bytes behind the end of what is before it; the
// bytes between are zero. The file ends where the last section ends.
//
// # Header: 64 bytes
//
//	offset size field
//	     0    8 magic: 89 45 44 47 45 0d 0a 1a
//	     8    2 format version of the writer: 1
//	    10    2 minimum reader version: 1. Magic and these two keep their place in all versions. A reader of a lower
//	            version refuses the file; the format version alone refuses nothing
//	    12    4 flags: none are defined. A reader refuses unknown ones of bits 0–15 and ignores those of bits 16–31
//	    16   16 model id: the same in all versions of a model; zeros mean none
//	    32    8 model version, rising
//	    40    8 expiry, Unix seconds; 0 means never; below 2^63
//	    48    8 target board: a–z, 0–9 and -, filled up with zeros; empty means any
//	    56    4 offset of the section table: 64
//	    60    2 number of sections
//	    62    2 size of a line of the table: 64
//
// # Section table: 64 bytes for each section
//
//	offset size field
//	     0    2 type; each type once
//	     2    2 flags: bit 0 critical (a reader that does not know the type refuses the file; otherwise it skips the
//	            section), bit 1 encrypted (reserved)
//	     4    2 encoding: 0 raw, 1 zstd; other numbers as for tensors
//	     6    2 0
//	     8    8 offset from the beginning of the file
//	    16    8 stored size, at least 1
//	    24    8 decoded size; the stored size where the encoding is raw, else no more than 1024 times as much
//	    32   32 root: SHA-256 over the SHA-256s of each 64 KiB of the stored bytes, the last piece being shorter
//
// Of a type that a reader does not know, and of a reserved one, it checks offset, stored size and root only.
//
// # Hash: 32 bytes
//
// SHA-256 of header and table. As the table holds the roots it stands for the whole file.
//
// # Sections
//
//	type  name         content
//	    1 graph        the network without values and names; required
//	    2 tensors      scales and constants; raw, at a multiple of 64; behind graph
//	    3 meta         names, and a map of texts
//	    4 labels       list of text
//	    5 frontend     frontend.Spec as JSON
//	    6 task         task.Spec as JSON
//	    7 calibration  list of: text value name, f32 min, f32 max, varint exponent, list of uvarint bins
//	                   (observe.Summary; its count is the sum of the bins)
//	    8 golden       list of: each graph input's elements at its largest shape, SHA-256 of each graph output
//	    9 keys         reserved: a data key, wrapped for each recipient
//	   10 chunks       reserved: the hashes under the roots
//	65535 signature    of the 32 bytes of the hash. It stands first in the table, with flags, encoding and root 0; its
//	                   bytes are under no hash, so that they can be filled in last. Not verified by this version
//
// An encrypted section's stored bytes are the ciphertext of what would be stored otherwise: roots and signature cover
// the ciphertext. Unknown JSON fields of frontend and task are refused where the section is critical, and otherwise
// ignored.
//
// # Graph
//
//	uvarint  syntax: 1, or 2 where there are variables, or 3 where nodes run once
//	list     operators: uvarint code (op.Def.Code), u8 revision of the arithmetic. A revision above the reader's is
//	         refused; one below it is computed with the reader's
//	list     attribute names: text, u8 kind (op.AttrKind: 1 int, 2 ints, 3 float, 4 floats, 5 string)
//	list     quantizations: uvarint 2·(number of scales) + (1 if a zero point is not 0), uvarint axis, then, if one is
//	         not 0, the zero points as varints
//	stored   all scales of all quantizations, one float32 tensor; missing where there are no quantizations
//	list     graph inputs: type
//	list     with syntax 2 and 3, variables, in order of first use: type, stored (what a session begins with)
//	uvarint  with syntax 3, how many of the first nodes run once (graph.Graph.Once)
//	list     constants, in order of use: type, stored
//	list     nodes, in order of computation: uvarint operator (index into the list), list of ref inputs, list of
//	         attributes (uvarint index, value), list of outputs (quant)
//	list     graph outputs: ref
//	list     values with symbolic dimensions, ascending: uvarint number (graph inputs, variables, outputs of nodes), list of
//	         text, one for each dimension, empty for a fixed one
//
// type is u8 element type (tensor.DType), u8 rank, uvarint dimensions, quant. quant is uvarint 0 for none, 2 + index
// into the quantizations, or, for a constant, 1: a bias whose scales are float32(scale of input 0 · scale[c] of the
// weights) of the node that uses it first, on axis 0, with zero points 0. stored is u8 encoding and uvarint stored
// size. A value of an attribute is a varint, a list of varints, f32, a list of f32, or text. Types of computed values
// are not in the file: the operators infer them.
//
// ref is uvarint
//
//	     0  a missing optional input
//	     1  the next constant; all are used, in order
//	2 + 2k  of the graph inputs, variables and node outputs so far, the one k before the latest
//	3 + 2k  constant k once more
//
// # Tensors
//
// The stored bytes of the scales, then of the variables, then of the constants, one behind the other. A raw tensor of 1024 bytes or more
// begins at a multiple of 64, behind zero bytes. Elements are little-endian and row-major, int4 two to a byte, low
// nibble first.
//
//	encoding
//	     0 raw
//	     1 zstd: frames that decode to the raw bytes, with windows up to 8 MiB
//	     2 planes: as zstd, of all first bytes of the elements, then all second bytes, …; elements of 2 bytes or more
//	     3 varint: a varint for each element; int16, int32 and int64
//	    16 codebook: reserved
//	    17 sparse: reserved
//
// # Meta
//
//	text  graph name
//	list  text node names
//	list  text names of graph inputs, variables and node outputs
//	list  text names of constants
//	list  text key, text value; keys ascending by bytes
package loader
