// What the products of rows of int8 with int16 results share: 32 sums in V0-V7.
//
//	R0 args    R1 x    R2 panel    R3 y of the panel    R4 K    R5 panels left    R6 rows left    R7 weights    R8 k of x
//	R9 k left    R10 XStride    R11 YStride, in bytes    R12 x of the row    R13 y of the row    R14 bytes of a panel
//
// Panel: bias[32] mult[32] left[32] right[32], then the weights.

// RESCALE makes the sums v0, v1 what fixed.MBQM makes of them with the constants off bytes into each array, and stores
// them; f0 is v0's scalar name. A shift to the right must not see the -1 of negative sums when it is 0.
#define RESCALE(off, v0, v1, f0) \
	FLDPQ (256+off)(R2), (F18, F19) \
	FLDPQ (128+off)(R2), (F16, F17) \
	SSHL_4S(18, v0, v0)             \
	SSHL_4S(19, v1, v1)             \
	FLDPQ (384+off)(R2), (F20, F21) \
	SQRDMULH_4S(16, v0, v0)         \
	SQRDMULH_4S(17, v1, v1)         \
	NEG_4S(20, 20)                  \
	NEG_4S(21, 21)                  \
	CMLT0_4S(20, 22)                \
	CMLT0_4S(21, 23)                \
	CMLT0_4S(v0, 24)                \
	CMLT0_4S(v1, 25)                \
	VAND  V22.B16, V24.B16, V24.B16 \
	VAND  V23.B16, V25.B16, V25.B16 \
	ADD_4S(24, v0, v0)              \
	ADD_4S(25, v1, v1)              \
	SRSHL_4S(20, v0, v0)            \
	SRSHL_4S(21, v1, v1)            \
	SQXTN_4H(v0, v0)                \
	SQXTN2_8H(v1, v0)               \
	FMOVQ f0, (off/2)(R13)

// START reads the arguments.
#define START \
	MOVD a+0(FP), R0            \
	MOVD gemvS8_X(R0), R1       \
	MOVD gemvS8_W(R0), R2       \
	MOVD gemvS8_Y(R0), R3       \
	MOVD gemvS8_K(R0), R4       \
	MOVD gemvS8_Panels(R0), R5  \
	MOVD gemvS8_XStride(R0), R10 \
	MOVD gemvS8_YStride(R0), R11 \
	LSL  $1, R11                \
	LSL  $5, R4, R14            \
	ADD  $512, R14 // bytes of a panel

// SUMS loads the biases of a panel.
#define SUMS \
	FLDPQ (R2), (F0, F1)   \
	FLDPQ 32(R2), (F2, F3) \
	FLDPQ 64(R2), (F4, F5) \
	FLDPQ 96(R2), (F6, F7)

#define FINISH \
	RESCALE(0, 0, 1, F0)  \
	RESCALE(32, 2, 3, F2) \
	RESCALE(64, 4, 5, F4) \
	RESCALE(96, 6, 7, F6) \
	ADD R10, R12          \
	ADD R11, R13
