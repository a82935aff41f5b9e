// BINARY_F32 is the body of a kernel over abi.BinaryF32; OP makes V0-V3 of the elements V0-V3 of a and V4-V7 of b.
// Sixteen elements a step; the last step reads up to 60 bytes past the ends and stores what there is.
//
//	R0 args   R1 a   R2 b   R3 y   R4 elements left   R5 BStep   R6 scratch   R7 Clamp   R8 Reverse
//	V8-V15 scratch   V16 Lo   V17 Hi   V18 0
#define BINARY_F32 \
	MOVD  binaryF32_A(R0), R1       \
	MOVD  binaryF32_B(R0), R2       \
	MOVD  binaryF32_Y(R0), R3       \
	MOVD  binaryF32_N(R0), R4       \
	MOVD  binaryF32_BStep(R0), R5   \
	MOVD  binaryF32_Clamp(R0), R7   \
	MOVD  binaryF32_Reverse(R0), R8 \
	ADD   $binaryF32_Lo, R0, R6     \
	VLD1R (R6), [V16.S4]            \
	ADD   $binaryF32_Hi, R0, R6     \
	VLD1R (R6), [V17.S4]            \
	VEOR  V18.B16, V18.B16, V18.B16 \
	CBZ   R4, done                  \
	VLD1R (R2), [V4.S4]             \
	VMOV  V4.B16, V5.B16            \
	VMOV  V4.B16, V6.B16            \
	VMOV  V4.B16, V7.B16            \
loop:                                   \
	CBZ    R5, repeated             \
	VLD1.P 64(R2), [V4.S4, V5.S4, V6.S4, V7.S4] \
repeated:                               \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	OP                              \
	CBZ    R7, clamped              \
	CLAMP4(16, 17, 0, 1, 2, 3, 8, 9, 10, 11) \
clamped:                                \
	SUBS   $16, R4                  \
	BLT    tail                     \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R3) \
	BNE    loop                     \
	RET                             \
tail:                                   \
	TBZ     $3, R4, tail8           \
	FSTPQ.P (F0, F1), 32(R3)        \
	VMOV    V2.B16, V0.B16          \
	VMOV    V3.B16, V1.B16          \
tail8:                                  \
	STORE_FLOATS(V0, V1, F0, R3, R4, s4, s2, done) \
	RET
