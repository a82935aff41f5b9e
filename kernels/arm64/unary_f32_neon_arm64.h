// UNARY_F32 is the body of a kernel over abi.UnaryF32; F replaces the eight elements in V0 and V1. The last step reads up
// to 28 bytes past the end of x and stores what there is. Y may be X.
//
//	R0 args   R1 x   R3 y   R4 elements left   V0 V1 elements   F has the other vectors
#define UNARY_F32 \
	MOVD   unaryF32_X(R0), R1           \
	MOVD   unaryF32_Y(R0), R3           \
	MOVD   unaryF32_N(R0), R4           \
	CBZ    R4, done                     \
loop:                                       \
	VLD1.P 32(R1), [V0.S4, V1.S4]       \
	F                                   \
	SUBS   $8, R4                       \
	BLT    tail                         \
	VST1.P [V0.S4, V1.S4], 32(R3)       \
	BNE    loop                         \
	RET                                 \
tail:                                       \
	STORE_FLOATS(V0, V1, F0, R3, R4, s4, s2, done) \
	RET
