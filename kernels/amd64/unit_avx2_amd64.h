// unit_avx512_amd64.h for 16 values, with entries gathered as pairs of base and slope.
//
//	AX pairs    Y14, Y15 limits of sums    Y12 a constant    Y0-Y7 scratch

#define WORDS(n, x, y) \
	MOVL         n, DX \
	VMOVD        DX, x \
	VPBROADCASTW x, y

#define BOTH(OP, c) \
	VPBROADCASTD c, Y12   \
	OP           Y12, Y4, Y4 \
	OP           Y12, Y5, Y5

#define BOTHN(OP, n) \
	OP n, Y4, Y4 \
	OP n, Y5, Y5

// LINE makes Y4, Y5 the sums of entries Y1 with a mod q in Y7, before the rounding.
#define LINE(q) \
	VPXOR        Y6, Y6, Y6            \
	VPUNPCKLWD   Y6, Y1, Y2            \
	VPUNPCKHWD   Y6, Y1, Y3            \
	VPCMPEQD     Y6, Y6, Y6            \
	VPCMPEQD     Y1, Y1, Y1            \
	VPGATHERDD   Y6, (AX)(Y2*4), Y4    \
	VPGATHERDD   Y1, (AX)(Y3*4), Y5    \
	VPBROADCASTD q, Y6                 \
	VPUNPCKLWD   Y7, Y6, Y2            \
	VPUNPCKHWD   Y7, Y6, Y3            \
	VPMADDWD     Y2, Y4, Y4            \
	VPMADDWD     Y3, Y5, Y5

// ROUND inverts by the signs s0, s1 and rounds to words.
#define ROUND(s0, s1, half, n, to) \
	VPXOR     s0, Y4, Y4              \
	VPXOR     s1, Y5, Y5              \
	BOTH(VPADDD, unitConst<>+half(SB)) \
	BOTHN(VPSRAD, $n)                 \
	VPACKSSDW Y5, Y4, to

#define SIGNS \
	VPSRAW     $15, Y0, Y0 \
	VPUNPCKLWD Y0, Y0, Y6  \
	VPUNPCKHWD Y0, Y0, Y7

// GATE is a sum, limited, in Y0, with its magnitude in Y1 and three times that, modulo 2^16, in Y7.
#define GATE(x, r) \
	VMOVDQU x, Y0         \
	VPADDSW r, Y0, Y0     \
	VPMAXSW Y14, Y0, Y0   \
	VPMINSW Y15, Y0, Y0   \
	VPABSW  Y0, Y1        \
	VPADDW  Y1, Y1, Y7    \
	VPADDW  Y1, Y7, Y7

#define LOGISTIC(x, r, to) \
	GATE(x, r)                             \
	VPBROADCASTD unitConst<>+28(SB), Y12   \
	VPMULHUW     Y12, Y1, Y1               \
	VPBROADCASTD unitConst<>+36(SB), Y12   \
	VPAND        Y12, Y7, Y7               \
	LINE(unitConst<>+44(SB))               \
	SIGNS                                  \
	ROUND(Y6, Y7, 8, 10, to)               \
	VPBROADCASTD unitConst<>+52(SB), Y12   \
	VPADDW       Y12, to, to

#define TANH(x, r, to) \
	GATE(x, r)                             \
	VPBROADCASTD unitConst<>+32(SB), Y12   \
	VPMULHUW     Y12, Y1, Y1               \
	VPBROADCASTD unitConst<>+40(SB), Y12   \
	VPMINUW      Y12, Y1, Y1               \
	VPAND        Y12, Y7, Y7               \
	LINE(unitConst<>+48(SB))               \
	SIGNS                                  \
	ROUND(Y6, Y7, 12, 8, to)

// PRODUCT makes Y4, Y5 the products of words.
#define PRODUCT(a, b) \
	VPMULLW    a, b, Y2   \
	VPMULHW    a, b, Y3   \
	VPUNPCKLWD Y3, Y2, Y4 \
	VPUNPCKHWD Y3, Y2, Y5

// MBQM is fixed.MBQM, less its shift to the left, of Y4, Y5 by a multiplier laid out.
#define MBQM(m, e, half, sign) \
	VPSRLQ       $32, Y4, Y6             \
	VPSRLQ       $32, Y5, Y7             \
	VPBROADCASTQ m, Y12                  \
	VPMULDQ      Y12, Y4, Y4             \
	VPMULDQ      Y12, Y5, Y5             \
	VPMULDQ      Y12, Y6, Y6             \
	VPMULDQ      Y12, Y7, Y7             \
	VPBROADCASTQ unitConst<>+0(SB), Y12  \
	VPADDQ       Y12, Y4, Y4             \
	VPADDQ       Y12, Y5, Y5             \
	VPADDQ       Y12, Y6, Y6             \
	VPADDQ       Y12, Y7, Y7             \
	BOTHN(VPSRLQ, $31)                   \
	VPADDQ       Y6, Y6, Y6              \
	VPADDQ       Y7, Y7, Y7              \
	VPBLENDD     $0xaa, Y6, Y4, Y4       \
	VPBLENDD     $0xaa, Y7, Y5, Y5       \
	VPSRAD       $31, Y4, Y6             \
	VPSRAD       $31, Y5, Y7             \
	VPBROADCASTD sign, Y12               \
	VPAND        Y12, Y6, Y6             \
	VPAND        Y12, Y7, Y7             \
	BOTH(VPADDD, half)                   \
	VPADDD       Y6, Y4, Y4              \
	VPADDD       Y7, Y5, Y5              \
	BOTH(VPSRAVD, e)

// CODES adds the zero point to Y4, Y5 and stores them as bytes.
#define CODES(zero) \
	BOTH(VPADDD, zero)            \
	VPACKSSDW    Y5, Y4, Y4       \
	VEXTRACTI128 $1, Y4, X5       \
	VPACKSSWB    X5, X4, X4       \
	VMOVDQU      X4, (R11)
