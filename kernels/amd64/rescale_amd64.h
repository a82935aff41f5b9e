// RESCALE is fixed.MBQM without a left shift, for 16 values held as u = x + 2^31 modulo 2^32:
//
//	y = (high dword of (u·2m + c) + (u >> sign)) >> e
//
// c = 2^31 + [e>0]·(2^(e+31) − 2^32) − m·2^32 takes the offset of u out again and holds both roundings: the high dword
// is SRDHM(x, m), plus 2^(e−1) − 1 where e > 0. u >> 31 = [x ≥ 0] is the 1 that is missing for the halves of the second
// rounding to go away from zero; sign is 32 where e = 0. Nothing overflows where abi.Fits holds.
//
// me, ce are of the even lanes, mo, co of the odd ones (uint64); K2 is 0x5555. Overwrites u and the three t.
#define RESCALE(u, me, mo, ce, co, sign, e, t0, t1, t2) \
	VPSRLQ    $32, u, t0  \
	VPMULUDQ  u, me, t1   \
	VPMULUDQ  t0, mo, t2  \
	VPADDQ    ce, t1, t1  \
	VPADDQ    co, t2, t2  \
	VMOVSHDUP t1, K2, t2  \
	VPSRLVD   sign, u, t0 \
	VPADDD    t0, t2, t2  \
	VPSRAVD   e, t2, u

// MULTIPLIER makes RESCALE's constants, the same in every lane, of an int32 mantissa and an int32 exponent ≤ 0.
// Overwrites AX, BX, CX, DX.
#define MULTIPLIER(mult, shift, m, c, sign, e) \
	MOVLQSX      shift, CX           \
	NEGQ         CX                  \
	VPBROADCASTD CX, e               \
	MOVL         mult, BX            \
	LEAQ         (BX)(BX*1), AX      \
	VPBROADCASTQ AX, m               \
	MOVL         $0x80000000, AX     \
	SHLXQ        CX, AX, DX          \
	SHLQ         $32, BX             \
	SUBQ         BX, AX              \
	MOVL         $1, BX              \
	SHLQ         $32, BX             \
	SUBQ         BX, DX              \
	XORL         BX, BX              \
	TESTQ        CX, CX              \
	CMOVQEQ      BX, DX              \
	ADDQ         DX, AX              \
	VPBROADCASTQ AX, c               \
	MOVL         $31, AX             \
	MOVL         $32, BX             \
	TESTQ        CX, CX              \
	CMOVLEQ      BX, AX              \
	VPBROADCASTD AX, sign
