// EXP2 is fixed.ExpF32 of two vectors, p0 = exp(x0) and p1 = exp(x1), for x in [-104, 89] or NaN, which gives a NaN.
//
// Overwrites all its arguments; V20-V29 hold what EXPCONSTANTS loads. A Horner step needs its coefficient where the sum
// will be, so p and q take turns.
#define EXP2(x0, x1, t0, t1, p0, p1, q0, q1) \
	MOV_16B(21, t0)           \
	MOV_16B(21, t1)           \
	FMLA_4S(20, x0, t0)       \
	FMLA_4S(20, x1, t1)       \
	FSUB_4S(21, t0, q0)       \
	FSUB_4S(21, t1, q1)       \
	FMLA_4S(22, q0, x0)       \
	FMLA_4S(22, q1, x1)       \
	FMLA_4S(23, q0, x0)       \
	FMLA_4S(23, q1, x1)       \
	MOV_16B(25, p0)           \
	MOV_16B(25, p1)           \
	FMLA_4S(24, x0, p0)       \
	FMLA_4S(24, x1, p1)       \
	HORNER2(26, x0, x1, p0, p1, q0, q1) \
	HORNER2(27, x0, x1, q0, q1, p0, p1) \
	HORNER2(28, x0, x1, p0, p1, q0, q1) \
	HORNER2(29, x0, x1, q0, q1, p0, p1) \
	HORNER2(29, x0, x1, p0, p1, q0, q1) \
	SUB_4S(21, t0, t0)        \
	SUB_4S(21, t1, t1)        \
	SSHR1_4S(t0, p0)          \
	SSHR1_4S(t1, p1)          \
	SUB_4S(p0, t0, t0)        \
	SUB_4S(p1, t1, t1)        \
	SHL23_4S(p0, p0)          \
	SHL23_4S(p1, p1)          \
	SHL23_4S(t0, t0)          \
	SHL23_4S(t1, t1)          \
	ADD_4S(29, p0, p0)        \
	ADD_4S(29, p1, p1)        \
	ADD_4S(29, t0, t0)        \
	ADD_4S(29, t1, t1)        \
	FMUL_4S(p0, q0, q0)       \
	FMUL_4S(p1, q1, q1)       \
	FMUL_4S(t0, q0, p0)       \
	FMUL_4S(t1, q1, p1)

// HORNER2 is q = p·x + c for two vectors.
#define HORNER2(c, x0, x1, p0, p1, q0, q1) \
	MOV_16B(c, q0)            \
	MOV_16B(c, q1)            \
	FMLA_4S(p0, x0, q0)       \
	FMLA_4S(p1, x1, q1)

// EXPCONSTANTS loads V20-V29: log2(e), 1.5*2^23, -ln2Hi, ln2Lo, expPoly, 1. Overwrites R6.
#define EXPCONSTANTS \
	MOVD    $exp<>(SB), R6    \
	VLD1R.P 4(R6), [V20.S4]   \
	VLD1R.P 4(R6), [V21.S4]   \
	VLD1R.P 4(R6), [V22.S4]   \
	VLD1R.P 4(R6), [V23.S4]   \
	VLD1R.P 4(R6), [V24.S4]   \
	VLD1R.P 4(R6), [V25.S4]   \
	VLD1R.P 4(R6), [V26.S4]   \
	VLD1R.P 4(R6), [V27.S4]   \
	VLD1R.P 4(R6), [V28.S4]   \
	VLD1R   (R6), [V29.S4]

DATA exp<>+0(SB)/4, $0x3fb8aa3b
DATA exp<>+4(SB)/4, $0x4b400000
DATA exp<>+8(SB)/4, $0xbf317218
DATA exp<>+12(SB)/4, $0x3102e308
DATA exp<>+16(SB)/4, $0x3ab511e3
DATA exp<>+20(SB)/4, $0x3c091d10
DATA exp<>+24(SB)/4, $0x3d2aac7a
DATA exp<>+28(SB)/4, $0x3e2aaa49
DATA exp<>+32(SB)/4, $0x3efffffe
DATA exp<>+36(SB)/4, $0x3f800000
GLOBL exp<>(SB), RODATA|NOPTR, $40
