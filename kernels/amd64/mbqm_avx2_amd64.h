// fixed.MBQM for 8 values, with any mantissa but −2^31 and any exponent: VPSLLVD by left, SRDHM8, RDPOT8.

// EXPONENT8 takes an exponent apart: left shift, right shift e, e > 0 ? 2^(e−1) : 0, e > 0 ? −1 : 0. Overwrites AX, BX, CX,
// X0.
#define EXPONENT8(shift, left, e, half, sign) \
	MOVL         shift, CX  \
	XORL         BX, BX     \
	MOVL         CX, AX     \
	TESTL        CX, CX     \
	CMOVLLT      BX, AX     \
	VMOVD        AX, X0     \
	VPBROADCASTD X0, left   \
	SUBL         CX, AX     \
	VMOVD        AX, X0     \
	VPBROADCASTD X0, e      \
	MOVL         $1, BX     \
	SHLXL        AX, BX, BX \
	SHRL         $1, BX     \
	VMOVD        BX, X0     \
	VPBROADCASTD X0, half   \
	NEGL         AX         \
	SARL         $31, AX    \
	VMOVD        AX, X0     \
	VPBROADCASTD X0, sign

// SRDHM8 is SRDHM of mbqm_avx512_amd64.h for Y0. Overwrites Y1.
#define SRDHM8(me, mo, round) \
	VPSRLQ   $32, Y0, Y1   \
	VPMULDQ  me, Y0, Y0    \
	VPMULDQ  mo, Y1, Y1    \
	VPADDQ   round, Y0, Y0 \
	VPADDQ   round, Y1, Y1 \
	VPSRLQ   $31, Y0, Y0   \
	VPADDQ   Y1, Y1, Y1    \
	VPBLENDD $0xaa, Y1, Y0, Y0

// RDPOT8 is RDPOT of mbqm_avx512_amd64.h for Y0. Overwrites Y1.
#define RDPOT8(e, half, sign) \
	VPSRAD  $31, Y0, Y1  \
	VPAND   sign, Y1, Y1 \
	VPADDD  half, Y0, Y0 \
	VPADDD  Y1, Y0, Y0   \
	VPSRAVD e, Y0, Y0
