// NEON instructions that Go's assembler lacks, and the few that it has but that macros over register numbers need.
//
// Arguments are register numbers, sources first, destination last, as in Go. The comment is what GNU objdump prints
// for the word with the arguments filled in; TestEncodings holds every line to it.

// Loads with a register offset in bytes: index, base, destination.
#define LDR_Q(x, b, d) WORD $(0x3CE06800 | (x)<<16 | (b)<<5 | (d)) // ldr q{d}, [x{b}, x{x}]
#define LDR_S(x, b, d) WORD $(0xBC606800 | (x)<<16 | (b)<<5 | (d)) // ldr s{d}, [x{b}, x{x}]

// Products and dot products.
#define SMULL_8H(m, n, d) WORD $(0x0E20C000 | (m)<<16 | (n)<<5 | (d)) // smull v{d}.8h, v{n}.8b, v{m}.8b
#define SMULL2_8H(m, n, d) WORD $(0x4E20C000 | (m)<<16 | (n)<<5 | (d)) // smull2 v{d}.8h, v{n}.16b, v{m}.16b
#define SMLAL_8H(m, n, d) WORD $(0x0E208000 | (m)<<16 | (n)<<5 | (d)) // smlal v{d}.8h, v{n}.8b, v{m}.8b
#define SMLAL2_8H(m, n, d) WORD $(0x4E208000 | (m)<<16 | (n)<<5 | (d)) // smlal2 v{d}.8h, v{n}.16b, v{m}.16b
#define SMULL_2D(m, n, d) WORD $(0x0EA0C000 | (m)<<16 | (n)<<5 | (d)) // smull v{d}.2d, v{n}.2s, v{m}.2s
#define SMULL2_2D(m, n, d) WORD $(0x4EA0C000 | (m)<<16 | (n)<<5 | (d)) // smull2 v{d}.2d, v{n}.4s, v{m}.4s
#define SMLAL_2D(m, n, d) WORD $(0x0EA08000 | (m)<<16 | (n)<<5 | (d)) // smlal v{d}.2d, v{n}.2s, v{m}.2s
#define SMLAL2_2D(m, n, d) WORD $(0x4EA08000 | (m)<<16 | (n)<<5 | (d)) // smlal2 v{d}.2d, v{n}.4s, v{m}.4s
#define SMULL_4S(m, n, d) WORD $(0x0E60C000 | (m)<<16 | (n)<<5 | (d)) // smull v{d}.4s, v{n}.4h, v{m}.4h
#define SMULL2_4S(m, n, d) WORD $(0x4E60C000 | (m)<<16 | (n)<<5 | (d)) // smull2 v{d}.4s, v{n}.8h, v{m}.8h
#define SMLAL_4S(m, n, d) WORD $(0x0E608000 | (m)<<16 | (n)<<5 | (d)) // smlal v{d}.4s, v{n}.4h, v{m}.4h
#define SMLAL2_4S(m, n, d) WORD $(0x4E608000 | (m)<<16 | (n)<<5 | (d)) // smlal2 v{d}.4s, v{n}.8h, v{m}.8h
#define SMLSL_4S(m, n, d) WORD $(0x0E60A000 | (m)<<16 | (n)<<5 | (d)) // smlsl v{d}.4s, v{n}.4h, v{m}.4h
#define SMLSL2_4S(m, n, d) WORD $(0x4E60A000 | (m)<<16 | (n)<<5 | (d)) // smlsl2 v{d}.4s, v{n}.8h, v{m}.8h
#define MUL_4S(m, n, d) WORD $(0x4EA09C00 | (m)<<16 | (n)<<5 | (d)) // mul v{d}.4s, v{n}.4s, v{m}.4s
#define SADALP_4S(n, d) WORD $(0x4E606800 | (n)<<5 | (d)) // sadalp v{d}.4s, v{n}.8h
#define MLS_4S(m, n, d) WORD $(0x6EA09400 | (m)<<16 | (n)<<5 | (d)) // mls v{d}.4s, v{n}.4s, v{m}.4s
#define SDOT_4S(m, n, d) WORD $(0x4E809400 | (m)<<16 | (n)<<5 | (d)) // sdot v{d}.4s, v{n}.16b, v{m}.16b
#define SDOT0_4S(m, n, d) WORD $(0x4F80E000 | (m)<<16 | (n)<<5 | (d)) // sdot v{d}.4s, v{n}.16b, v{m}.4b[0]
#define SDOT1_4S(m, n, d) WORD $(0x4FA0E000 | (m)<<16 | (n)<<5 | (d)) // sdot v{d}.4s, v{n}.16b, v{m}.4b[1]
#define SDOT2_4S(m, n, d) WORD $(0x4F80E800 | (m)<<16 | (n)<<5 | (d)) // sdot v{d}.4s, v{n}.16b, v{m}.4b[2]
#define SDOT3_4S(m, n, d) WORD $(0x4FA0E800 | (m)<<16 | (n)<<5 | (d)) // sdot v{d}.4s, v{n}.16b, v{m}.4b[3]
#define FMLA0_4S(m, n, d) WORD $(0x4F801000 | (m)<<16 | (n)<<5 | (d)) // fmla v{d}.4s, v{n}.4s, v{m}.s[0]
#define FMLA1_4S(m, n, d) WORD $(0x4FA01000 | (m)<<16 | (n)<<5 | (d)) // fmla v{d}.4s, v{n}.4s, v{m}.s[1]
#define FMLA2_4S(m, n, d) WORD $(0x4F801800 | (m)<<16 | (n)<<5 | (d)) // fmla v{d}.4s, v{n}.4s, v{m}.s[2]
#define FMLA3_4S(m, n, d) WORD $(0x4FA01800 | (m)<<16 | (n)<<5 | (d)) // fmla v{d}.4s, v{n}.4s, v{m}.s[3]

// Widening and narrowing.
#define SSUBL_8H(m, n, d) WORD $(0x0E202000 | (m)<<16 | (n)<<5 | (d)) // ssubl v{d}.8h, v{n}.8b, v{m}.8b
#define SSUBL2_8H(m, n, d) WORD $(0x4E202000 | (m)<<16 | (n)<<5 | (d)) // ssubl2 v{d}.8h, v{n}.16b, v{m}.16b
#define SADDW_8H(m, n, d) WORD $(0x0E201000 | (m)<<16 | (n)<<5 | (d)) // saddw v{d}.8h, v{n}.8h, v{m}.8b
#define SADDW2_8H(m, n, d) WORD $(0x4E201000 | (m)<<16 | (n)<<5 | (d)) // saddw2 v{d}.8h, v{n}.8h, v{m}.16b
#define SADDW_4S(m, n, d) WORD $(0x0E601000 | (m)<<16 | (n)<<5 | (d)) // saddw v{d}.4s, v{n}.4s, v{m}.4h
#define SADDW2_4S(m, n, d) WORD $(0x4E601000 | (m)<<16 | (n)<<5 | (d)) // saddw2 v{d}.4s, v{n}.4s, v{m}.8h
#define SADDLP_8H(n, d) WORD $(0x4E202800 | (n)<<5 | (d)) // saddlp v{d}.8h, v{n}.16b
#define SXTL_8H(n, d) WORD $(0x0F08A400 | (n)<<5 | (d)) // sxtl v{d}.8h, v{n}.8b
#define SXTL2_8H(n, d) WORD $(0x4F08A400 | (n)<<5 | (d)) // sxtl2 v{d}.8h, v{n}.16b
#define SXTL_4S(n, d) WORD $(0x0F10A400 | (n)<<5 | (d)) // sxtl v{d}.4s, v{n}.4h
#define SXTL2_4S(n, d) WORD $(0x4F10A400 | (n)<<5 | (d)) // sxtl2 v{d}.4s, v{n}.8h
#define SSHLL8_4S(n, d) WORD $(0x0F18A400 | (n)<<5 | (d)) // sshll v{d}.4s, v{n}.4h, #8
#define SSHLL8_2_4S(n, d) WORD $(0x4F18A400 | (n)<<5 | (d)) // sshll2 v{d}.4s, v{n}.8h, #8
#define SSHLL9_4S(n, d) WORD $(0x0F19A400 | (n)<<5 | (d)) // sshll v{d}.4s, v{n}.4h, #9
#define SSHLL9_2_4S(n, d) WORD $(0x4F19A400 | (n)<<5 | (d)) // sshll2 v{d}.4s, v{n}.8h, #9
#define RSHRN8_4H(n, d) WORD $(0x0F188C00 | (n)<<5 | (d)) // rshrn v{d}.4h, v{n}.4s, #8
#define RSHRN8_8H(n, d) WORD $(0x4F188C00 | (n)<<5 | (d)) // rshrn2 v{d}.8h, v{n}.4s, #8
#define RSHRN10_4H(n, d) WORD $(0x0F168C00 | (n)<<5 | (d)) // rshrn v{d}.4h, v{n}.4s, #10
#define RSHRN10_8H(n, d) WORD $(0x4F168C00 | (n)<<5 | (d)) // rshrn2 v{d}.8h, v{n}.4s, #10
#define RSHRN15_4H(n, d) WORD $(0x0F118C00 | (n)<<5 | (d)) // rshrn v{d}.4h, v{n}.4s, #15
#define RSHRN15_8H(n, d) WORD $(0x4F118C00 | (n)<<5 | (d)) // rshrn2 v{d}.8h, v{n}.4s, #15
#define SQXTUN_4H(n, d) WORD $(0x2E612800 | (n)<<5 | (d)) // sqxtun v{d}.4h, v{n}.4s
#define SQXTUN2_8H(n, d) WORD $(0x6E612800 | (n)<<5 | (d)) // sqxtun2 v{d}.8h, v{n}.4s
#define SSHLL15_4S(n, d) WORD $(0x0F1FA400 | (n)<<5 | (d)) // sshll v{d}.4s, v{n}.4h, #15
#define SSHLL15_2_4S(n, d) WORD $(0x4F1FA400 | (n)<<5 | (d)) // sshll2 v{d}.4s, v{n}.8h, #15
#define XTN_2S(n, d) WORD $(0x0EA12800 | (n)<<5 | (d)) // xtn v{d}.2s, v{n}.2d
#define XTN2_4S(n, d) WORD $(0x4EA12800 | (n)<<5 | (d)) // xtn2 v{d}.4s, v{n}.2d
#define SQXTN_2S(n, d) WORD $(0x0EA14800 | (n)<<5 | (d)) // sqxtn v{d}.2s, v{n}.2d
#define SQXTN2_4S(n, d) WORD $(0x4EA14800 | (n)<<5 | (d)) // sqxtn2 v{d}.4s, v{n}.2d
#define SQXTN_4H(n, d) WORD $(0x0E614800 | (n)<<5 | (d)) // sqxtn v{d}.4h, v{n}.4s
#define SQXTN2_8H(n, d) WORD $(0x4E614800 | (n)<<5 | (d)) // sqxtn2 v{d}.8h, v{n}.4s
#define SQXTN_8B(n, d) WORD $(0x0E214800 | (n)<<5 | (d)) // sqxtn v{d}.8b, v{n}.8h
#define SQXTN2_16B(n, d) WORD $(0x4E214800 | (n)<<5 | (d)) // sqxtn2 v{d}.16b, v{n}.8h

// Integer arithmetic.
#define ADD_4S(m, n, d) WORD $(0x4EA08400 | (m)<<16 | (n)<<5 | (d)) // add v{d}.4s, v{n}.4s, v{m}.4s
#define SUB_4S(m, n, d) WORD $(0x6EA08400 | (m)<<16 | (n)<<5 | (d)) // sub v{d}.4s, v{n}.4s, v{m}.4s
#define SSHR1_4S(n, d) WORD $(0x4F3F0400 | (n)<<5 | (d)) // sshr v{d}.4s, v{n}.4s, #1
#define SHL23_4S(n, d) WORD $(0x4F375400 | (n)<<5 | (d)) // shl v{d}.4s, v{n}.4s, #23
#define MOV_16B(n, d) WORD $(0x4EA01C00 | (n)<<16 | (n)<<5 | (d)) // mov v{d}.16b, v{n}.16b
#define SQADD_8H(m, n, d) WORD $(0x4E600C00 | (m)<<16 | (n)<<5 | (d)) // sqadd v{d}.8h, v{n}.8h, v{m}.8h
#define SMAX_8H(m, n, d) WORD $(0x4E606400 | (m)<<16 | (n)<<5 | (d)) // smax v{d}.8h, v{n}.8h, v{m}.8h
#define SMIN_8H(m, n, d) WORD $(0x4E606C00 | (m)<<16 | (n)<<5 | (d)) // smin v{d}.8h, v{n}.8h, v{m}.8h
#define ABS_8H(n, d) WORD $(0x4E60B800 | (n)<<5 | (d)) // abs v{d}.8h, v{n}.8h
#define CMLT0_8H(n, d) WORD $(0x4E60A800 | (n)<<5 | (d)) // cmlt v{d}.8h, v{n}.8h, #0
#define SRSHL_8H(m, n, d) WORD $(0x4E605400 | (m)<<16 | (n)<<5 | (d)) // srshl v{d}.8h, v{n}.8h, v{m}.8h
#define SMAX_16B(m, n, d) WORD $(0x4E206400 | (m)<<16 | (n)<<5 | (d)) // smax v{d}.16b, v{n}.16b, v{m}.16b
#define SMAXV_B(n, d) WORD $(0x4E30A800 | (n)<<5 | (d)) // smaxv b{d}, v{n}.16b
#define SMIN_16B(m, n, d) WORD $(0x4E206C00 | (m)<<16 | (n)<<5 | (d)) // smin v{d}.16b, v{n}.16b, v{m}.16b
#define SMAX_4S(m, n, d) WORD $(0x4EA06400 | (m)<<16 | (n)<<5 | (d)) // smax v{d}.4s, v{n}.4s, v{m}.4s
#define SMIN_4S(m, n, d) WORD $(0x4EA06C00 | (m)<<16 | (n)<<5 | (d)) // smin v{d}.4s, v{n}.4s, v{m}.4s
#define SSHL_2D(m, n, d) WORD $(0x4EE04400 | (m)<<16 | (n)<<5 | (d)) // sshl v{d}.2d, v{n}.2d, v{m}.2d
#define SRSHL_2D(m, n, d) WORD $(0x4EE05400 | (m)<<16 | (n)<<5 | (d)) // srshl v{d}.2d, v{n}.2d, v{m}.2d
#define SSHL_4S(m, n, d) WORD $(0x4EA04400 | (m)<<16 | (n)<<5 | (d)) // sshl v{d}.4s, v{n}.4s, v{m}.4s
#define SRSHL_4S(m, n, d) WORD $(0x4EA05400 | (m)<<16 | (n)<<5 | (d)) // srshl v{d}.4s, v{n}.4s, v{m}.4s
#define SQRDMULH_4S(m, n, d) WORD $(0x6EA0B400 | (m)<<16 | (n)<<5 | (d)) // sqrdmulh v{d}.4s, v{n}.4s, v{m}.4s
#define CMGT_4S(m, n, d) WORD $(0x4EA03400 | (m)<<16 | (n)<<5 | (d)) // cmgt v{d}.4s, v{n}.4s, v{m}.4s
#define CMGE_4S(m, n, d) WORD $(0x4EA03C00 | (m)<<16 | (n)<<5 | (d)) // cmge v{d}.4s, v{n}.4s, v{m}.4s
#define CMLT0_4S(n, d) WORD $(0x4EA0A800 | (n)<<5 | (d)) // cmlt v{d}.4s, v{n}.4s, #0
#define ABS_4S(n, d) WORD $(0x4EA0B800 | (n)<<5 | (d)) // abs v{d}.4s, v{n}.4s
#define NEG_4S(n, d) WORD $(0x6EA0B800 | (n)<<5 | (d)) // neg v{d}.4s, v{n}.4s

// Floating point.
#define FADD_4S(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d)) // fadd v{d}.4s, v{n}.4s, v{m}.4s
#define FMUL_4S(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d)) // fmul v{d}.4s, v{n}.4s, v{m}.4s
#define FSUB_4S(m, n, d) WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d)) // fsub v{d}.4s, v{n}.4s, v{m}.4s
#define FMLA_4S(m, n, d) WORD $(0x4E20CC00 | (m)<<16 | (n)<<5 | (d)) // fmla v{d}.4s, v{n}.4s, v{m}.4s
#define FMLS_4S(m, n, d) WORD $(0x4EA0CC00 | (m)<<16 | (n)<<5 | (d)) // fmls v{d}.4s, v{n}.4s, v{m}.4s
#define FMIN_4S(m, n, d) WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d)) // fmin v{d}.4s, v{n}.4s, v{m}.4s
#define FABS_4S(n, d) WORD $(0x4EA0F800 | (n)<<5 | (d)) // fabs v{d}.4s, v{n}.4s
#define FNEG_4S(n, d) WORD $(0x6EA0F800 | (n)<<5 | (d)) // fneg v{d}.4s, v{n}.4s
#define FDIV_4S(m, n, d) WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d)) // fdiv v{d}.4s, v{n}.4s, v{m}.4s
#define FSQRT_4S(n, d) WORD $(0x6EA1F800 | (n)<<5 | (d)) // fsqrt v{d}.4s, v{n}.4s
#define FMAX_4S(m, n, d) WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d)) // fmax v{d}.4s, v{n}.4s, v{m}.4s
#define FCMGT_4S(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // fcmgt v{d}.4s, v{n}.4s, v{m}.4s
#define FCMEQ_4S(m, n, d) WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d)) // fcmeq v{d}.4s, v{n}.4s, v{m}.4s
#define BIF_16B(m, n, d) WORD $(0x6EE01C00 | (m)<<16 | (n)<<5 | (d)) // bif v{d}.16b, v{n}.16b, v{m}.16b
#define BIT_16B(m, n, d) WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d)) // bit v{d}.16b, v{n}.16b, v{m}.16b
#define SCVTF_4S(n, d) WORD $(0x4E21D800 | (n)<<5 | (d)) // scvtf v{d}.4s, v{n}.4s
#define FCVTZS_4S(n, d) WORD $(0x4EA1B800 | (n)<<5 | (d)) // fcvtzs v{d}.4s, v{n}.4s
#define FRINTN_4S(n, d) WORD $(0x4E218800 | (n)<<5 | (d)) // frintn v{d}.4s, v{n}.4s
#define FCVTAS_4S(n, d) WORD $(0x4E21C800 | (n)<<5 | (d)) // fcvtas v{d}.4s, v{n}.4s

// CLAMP4 is fixed.ClampF32 on four vectors, to the bit. FMAXNM would be an instruction less, but it returns NaN for a
// signalling NaN and +0 for +0 against a lo of -0.
#define CLAMP4(lo, hi, v0, v1, v2, v3, t0, t1, t2, t3) \
	FCMGT_4S(lo, v0, t0) \
	FCMGT_4S(lo, v1, t1) \
	FCMGT_4S(lo, v2, t2) \
	FCMGT_4S(lo, v3, t3) \
	BIF_16B(t0, lo, v0)  \
	BIF_16B(t1, lo, v1)  \
	BIF_16B(t2, lo, v2)  \
	BIF_16B(t3, lo, v3)  \
	FCMGT_4S(hi, v0, t0) \
	FCMGT_4S(hi, v1, t1) \
	FCMGT_4S(hi, v2, t2) \
	FCMGT_4S(hi, v3, t3) \
	BIT_16B(t0, hi, v0)  \
	BIT_16B(t1, hi, v1)  \
	BIT_16B(t2, hi, v2)  \
	BIT_16B(t3, hi, v3)

// RESCALE4 multiplies the four vectors v0 to v3 by one quantized multiplier without a left shift: SQRDMULH is
// fixed.SRDHM; adding -1 to negative values makes the shift's halves-upwards into fixed.RDPOT's halves-away-from-zero.
// An exponent of 0 must not see that -1: "negative" is below a threshold, 0 or, for that exponent, -2^31.
// nshift is minus the exponent.
#define RESCALE4(mult, nshift, threshold, v0, v1, v2, v3, t0, t1, t2, t3) \
	SQRDMULH_4S(mult, v0, v0)  \
	SQRDMULH_4S(mult, v1, v1)  \
	SQRDMULH_4S(mult, v2, v2)  \
	SQRDMULH_4S(mult, v3, v3)  \
	CMGT_4S(v0, threshold, t0) \
	CMGT_4S(v1, threshold, t1) \
	CMGT_4S(v2, threshold, t2) \
	CMGT_4S(v3, threshold, t3) \
	ADD_4S(t0, v0, v0)         \
	ADD_4S(t1, v1, v1)         \
	ADD_4S(t2, v2, v2)         \
	ADD_4S(t3, v3, v3)         \
	SRSHL_4S(nshift, v0, v0)   \
	SRSHL_4S(nshift, v1, v1)   \
	SRSHL_4S(nshift, v2, v2)   \
	SRSHL_4S(nshift, v3, v3)

// NARROW4 adds the zero point (int16) and saturates the four vectors into the 16 bytes of d, which may be v0; v2 is
// overwritten. Saturating before the addition changes no byte while the sum does not wrap in 32 bits, which abi.Fits
// promises of a product: what saturates is past every code with or without the zero point.
#define NARROW4(zero, v0, v1, v2, v3, d) \
	SQXTN_4H(v0, v0)      \
	SQXTN_4H(v2, v2)      \
	SQXTN2_8H(v1, v0)     \
	SQXTN2_8H(v3, v2)     \
	SQADD_8H(zero, v0, v0) \
	SQADD_8H(zero, v2, v2) \
	SQXTN_8B(v0, d)       \
	SQXTN2_16B(v2, d)

// STORE_BYTES stores the first n < 16 bytes of v at p, which moves; v is shifted about. f is v's scalar name.
#define STORE_BYTES(v, f, p, n, l8, l4, l2, l1) \
	TBZ     $3, n, l8             \
	FMOVD.P f, 8(p)               \
	VEXT    $8, v.B16, v.B16, v.B16 \
l8:                                   \
	TBZ     $2, n, l4             \
	FMOVS.P f, 4(p)               \
	VEXT    $4, v.B16, v.B16, v.B16 \
l4:                                   \
	TBZ     $1, n, l2             \
	VST1.P  v.H[0], 2(p)          \
	VEXT    $2, v.B16, v.B16, v.B16 \
l2:                                   \
	TBZ     $0, n, l1             \
	VST1    v.B[0], (p)           \
l1:

// STORE_FLOATS stores the first n < 8 floats of v, v2 at p, which moves; v is overwritten.
#define STORE_FLOATS(v, v2, f, p, n, l4, l2, l1) \
	TBZ     $2, n, l4             \
	FMOVQ.P f, 16(p)              \
	VMOV    v2.B16, v.B16         \
l4:                                   \
	TBZ     $1, n, l2             \
	FMOVD.P f, 8(p)               \
	VEXT    $8, v.B16, v.B16, v.B16 \
l2:                                   \
	TBZ     $0, n, l1             \
	FMOVS   f, (p)                \
l1:
