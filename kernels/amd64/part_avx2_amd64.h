// STORELESS16 stores the low n%16 bytes of x at y: AVX2 has no masked store of bytes. Overwrites x and y.
#define STORELESS16(x, y, n) \
	TESTQ   $8, n        \
	JEQ     4(PC)        \
	VMOVQ   x, (y)       \
	VPSRLDQ $8, x, x     \
	ADDQ    $8, y        \
	TESTQ   $4, n        \
	JEQ     4(PC)        \
	VMOVD   x, (y)       \
	VPSRLDQ $4, x, x     \
	ADDQ    $4, y        \
	TESTQ   $2, n        \
	JEQ     4(PC)        \
	VPEXTRW $0, x, (y)   \
	VPSRLDQ $2, x, x     \
	ADDQ    $2, y        \
	TESTQ   $1, n        \
	JEQ     2(PC)        \
	VPEXTRB $0, x, (y)

// STORELESS32 stores the low n%32 bytes of v, whose low half is x, at y. Overwrites v and y.
#define STORELESS32(v, x, y, n) \
	TESTQ        $16, n     \
	JEQ          4(PC)      \
	VMOVDQU      x, (y)     \
	VEXTRACTI128 $1, v, x   \
	ADDQ         $16, y     \
	STORELESS16(x, y, n)
