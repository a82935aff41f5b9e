// LANES sets the first n of the 16 lanes of four vectors, 0 ≤ n < 16. Overwrites t.
#define LANES(n, t, v0, v1, v2, v3) \
	MOVD $lanes<>+64(SB), t  \
	SUB  n<<2, t, t          \
	VLD1 (t), [v0.S4, v1.S4, v2.S4, v3.S4]

// STORE_LANES stores the first n < 16 floats of V4-V7 at p, which moves; V4 and V5 are overwritten.
#define STORE_LANES(p, n, l8, l4, l2, l1) \
	TBZ     $3, n, l8        \
	FSTPQ.P (F4, F5), 32(p)  \
	VMOV    V6.B16, V4.B16   \
	VMOV    V7.B16, V5.B16   \
l8:                              \
	STORE_FLOATS(V4, V5, F4, p, n, l4, l2, l1)

DATA lanes<>+0(SB)/8, $-1
DATA lanes<>+8(SB)/8, $-1
DATA lanes<>+16(SB)/8, $-1
DATA lanes<>+24(SB)/8, $-1
DATA lanes<>+32(SB)/8, $-1
DATA lanes<>+40(SB)/8, $-1
DATA lanes<>+48(SB)/8, $-1
DATA lanes<>+56(SB)/8, $-1
DATA lanes<>+64(SB)/8, $0
DATA lanes<>+72(SB)/8, $0
DATA lanes<>+80(SB)/8, $0
DATA lanes<>+88(SB)/8, $0
DATA lanes<>+96(SB)/8, $0
DATA lanes<>+104(SB)/8, $0
DATA lanes<>+112(SB)/8, $0
DATA lanes<>+120(SB)/8, $0
GLOBL lanes<>(SB), RODATA|NOPTR, $128
