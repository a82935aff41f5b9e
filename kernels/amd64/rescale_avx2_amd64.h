// RESCALE8 is RESCALE of rescale_amd64.h for 8 values. All but u and the three t may be memory.
#define RESCALE8(u, me, mo, ce, co, sign, e, t0, t1, t2) \
	VPSRLQ    $32, u, t0         \
	VPMULUDQ  me, u, t1          \
	VPMULUDQ  mo, t0, t2         \
	VPADDQ    ce, t1, t1         \
	VPADDQ    co, t2, t2         \
	VMOVSHDUP t1, t1             \
	VPBLENDD  $0x55, t1, t2, t2  \
	VPSRLVD   sign, u, t0        \
	VPADDD    t0, t2, t2         \
	VPSRAVD   e, t2, u

// MULTIPLIER8 makes RESCALE8's constants, the same in every lane, of an int32 mantissa and an int32 exponent ≤ 0: m and c
// in registers, sign and e in memory. Overwrites AX, BX, CX, DX, Y0.
#define MULTIPLIER8(mult, shift, m, c, sign, e) \
	MOVLQSX      shift, CX           \
	NEGQ         CX                  \
	VMOVD        CX, X0              \
	VPBROADCASTD X0, Y0              \
	VMOVDQU      Y0, e               \
	MOVL         mult, BX            \
	LEAQ         (BX)(BX*1), AX      \
	VMOVQ        AX, X0              \
	VPBROADCASTQ X0, m               \
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
	VMOVQ        AX, X0              \
	VPBROADCASTQ X0, c               \
	MOVL         $31, AX             \
	MOVL         $32, BX             \
	TESTQ        CX, CX              \
	CMOVLEQ      BX, AX              \
	VMOVD        AX, X0              \
	VPBROADCASTD X0, Y0              \
	VMOVDQU      Y0, sign
