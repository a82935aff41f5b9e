// The activations of recurrent layers, fixed.Logistic16 and fixed.Tanh16, of 32 values. With a = |x| and q the steps between
// two entries of the table, both are base·q + (a mod q)·slope of entry a/q, all bits inverted where x < 0, and rounded: the
// sum is a VPMADDWD of (base, slope) and (q, a mod q).
//
//	Z16-Z19 planes 0, 2, 4, 6 of base, Z20-Z23 of slope, 32 entries each; the odd ones are read from AX
//	Z24 384    Z25 768    Z26 511    Z27 255    Z28 512    Z29 256    Z30 2^14    Z14, Z15 limits of sums    K2 odd lanes
//	Z0-Z7 scratch    K3, K4 bits 6 and 7 of the entry's number

#define WORDS(n, z) \
	MOVL         n, DX \
	VPBROADCASTW DX, z

// TABLES loads what stays in registers. lo and hi are memory.
#define TABLES(lo, hi) \
	LEAQ      ·sigmoidPlanes(SB), AX \
	VMOVDQU16 0(AX), Z16             \
	VMOVDQU16 128(AX), Z17           \
	VMOVDQU16 256(AX), Z18           \
	VMOVDQU16 384(AX), Z19           \
	VMOVDQU16 512(AX), Z20           \
	VMOVDQU16 640(AX), Z21           \
	VMOVDQU16 768(AX), Z22           \
	VMOVDQU16 896(AX), Z23           \
	WORDS($384, Z24)                 \
	WORDS($768, Z25)                 \
	WORDS($511, Z26)                 \
	WORDS($255, Z27)                 \
	WORDS($512, Z28)                 \
	WORDS($256, Z29)                 \
	WORDS($16384, Z30)               \
	WORDS(lo, Z14)                   \
	WORDS(hi, Z15)                   \
	MOVL      $0xaaaa, DX            \
	KMOVW     DX, K2

#define PLANES(off, p0, p1, p2, p3, to) \
	VMOVDQA64 Z1, to                 \
	VMOVDQA64 Z1, Z4                 \
	VMOVDQA64 Z1, Z5                 \
	VMOVDQA64 Z1, Z6                 \
	VPERMI2W  (off+64)(AX), p0, to   \
	VPERMI2W  (off+192)(AX), p1, Z4  \
	VPERMI2W  (off+320)(AX), p2, Z5  \
	VPERMI2W  (off+448)(AX), p3, Z6  \
	VMOVDQU16 Z4, K3, to             \
	VMOVDQU16 Z6, K3, Z5             \
	VMOVDQU16 Z5, K4, to

// LINE makes Z4, Z5 the sums of entries Z1 with a mod q in Z7, before the rounding.
#define LINE(q) \
	VPSLLW     $9, Z1, Z4                        \
	VPSLLW     $8, Z1, Z5                        \
	VPMOVW2M   Z4, K3                            \
	VPMOVW2M   Z5, K4                            \
	PLANES(0, Z16, Z17, Z18, Z19, Z2)            \
	PLANES(512, Z20, Z21, Z22, Z23, Z3)          \
	VPUNPCKLWD Z3, Z2, Z4                        \
	VPUNPCKHWD Z3, Z2, Z5                        \
	VPUNPCKLWD Z7, q, Z6                         \
	VPUNPCKHWD Z7, q, Z7                         \
	VPMADDWD   Z6, Z4, Z4                        \
	VPMADDWD   Z7, Z5, Z5

// ROUND inverts by the signs s0, s1 and rounds to words.
#define ROUND(s0, s1, half, n, to) \
	VPXORD      s0, Z4, Z4                  \
	VPXORD      s1, Z5, Z5                  \
	VPADDD.BCST unitConst<>+half(SB), Z4, Z4 \
	VPADDD.BCST unitConst<>+half(SB), Z5, Z5 \
	VPSRAD      $n, Z4, Z4                  \
	VPSRAD      $n, Z5, Z5                  \
	VPACKSSDW   Z5, Z4, to

#define SIGNS \
	VPSRAW     $15, Z0, Z0  \
	VPUNPCKLWD Z0, Z0, Z6   \
	VPUNPCKHWD Z0, Z0, Z7

// GATE is a sum, limited, in Z0, with its magnitude in Z1 and three times that, modulo 2^16, in Z7.
#define GATE(x, r) \
	VMOVDQU16 x, Z0       \
	VPADDSW   r, Z0, Z0   \
	VPMAXSW   Z14, Z0, Z0 \
	VPMINSW   Z15, Z0, Z0 \
	VPABSW    Z0, Z1      \
	VPADDW    Z1, Z1, Z7  \
	VPADDW    Z1, Z7, Z7

#define LOGISTIC(x, r, to) \
	GATE(x, r)                \
	VPMULHUW Z24, Z1, Z1      \
	VPANDD   Z26, Z7, Z7      \
	LINE(Z28)                 \
	SIGNS                     \
	ROUND(Z6, Z7, 8, 10, to)  \
	VPADDW   Z30, to, to

#define TANH(x, r, to) \
	GATE(x, r)               \
	VPMULHUW Z25, Z1, Z1     \
	VPMINUW  Z27, Z1, Z1     \
	VPANDD   Z27, Z7, Z7     \
	LINE(Z29)                \
	SIGNS                    \
	ROUND(Z6, Z7, 12, 8, to)

// PRODUCT makes Z4, Z5 the products of words.
#define PRODUCT(a, b) \
	VPMULLW    a, b, Z2   \
	VPMULHW    a, b, Z3   \
	VPUNPCKLWD Z3, Z2, Z4 \
	VPUNPCKHWD Z3, Z2, Z5

// MBQM is fixed.MBQM, less its shift to the left, by a multiplier laid out.
#define MBQM(m, e, half, sign, v, t) \
	VPSRLQ       $32, v, t                \
	VPMULDQ.BCST m, v, v                  \
	VPMULDQ.BCST m, t, t                  \
	VPADDQ.BCST  unitConst<>+0(SB), v, v  \
	VPADDQ.BCST  unitConst<>+0(SB), t, t  \
	VPSRLQ       $31, v, v                \
	VPADDQ       t, t, t                  \
	VMOVDQA32    t, K2, v                 \
	VPSRAD       $31, v, t                \
	VPANDD.BCST  sign, t, t               \
	VPADDD.BCST  half, v, v               \
	VPADDD       t, v, v                  \
	VPSRAVD.BCST e, v, v
