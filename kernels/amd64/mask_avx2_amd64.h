// LANEMASK sets the first n of mask's 8 dwords, 0 ≤ n ≤ 8. Overwrites n and t.
#define LANEMASK(n, t, mask) \
	NEGQ    n                   \
	LEAQ    lanes<>+32(SB), t   \
	VMOVDQU (t)(n*4), mask

// LANEMASKS sets the first n of the 16 dwords of low and high; n ≥ 16 sets all. Overwrites n, s and t.
#define LANEMASKS(n, s, t, low, high) \
	XORL    t, t          \
	LEAQ    -8(n), s      \
	TESTQ   s, s          \
	CMOVQLT t, s          \
	MOVL    $8, t         \
	CMPQ    n, t          \
	CMOVQGT t, n          \
	CMPQ    s, t          \
	CMOVQGT t, s          \
	LANEMASK(n, t, low)   \
	LANEMASK(s, t, high)

DATA lanes<>+0(SB)/8, $-1
DATA lanes<>+8(SB)/8, $-1
DATA lanes<>+16(SB)/8, $-1
DATA lanes<>+24(SB)/8, $-1
DATA lanes<>+32(SB)/8, $0
DATA lanes<>+40(SB)/8, $0
DATA lanes<>+48(SB)/8, $0
DATA lanes<>+56(SB)/8, $0
GLOBL lanes<>(SB), RODATA|NOPTR, $64
