// BINARY_S8 is the loop of a kernel over two operands of codes; STEP makes the 16 codes of V2 of V0 and V1. Sixteen
// elements a step; the last step reads up to 15 bytes past the ends and stores what there is.
//
//	R1 a   R2 b   R3 y   R4 elements left   R5 BStep   V0 a   V1 b   V2 y
#define BINARY_S8 \
	CBZ   R4, done                                \
	VLD1R (R2), [V1.B16]                          \
loop:                                                 \
	CBZ     R5, repeated                          \
	FMOVQ.P 16(R2), F1                            \
repeated:                                             \
	FMOVQ.P 16(R1), F0                            \
	STEP                                          \
	SUBS    $16, R4                               \
	BLT     tail                                  \
	FMOVQ.P F2, 16(R3)                            \
	BNE     loop                                  \
	RET                                           \
tail:                                                 \
	STORE_BYTES(V2, F2, R3, R4, s8, s4, s2, done) \
	RET
