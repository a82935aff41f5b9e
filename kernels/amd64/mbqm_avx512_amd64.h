// fixed.MBQM for 16 values, with any mantissa but −2^31 and any exponent: VPSLLVD by left, SRDHM, RDPOT.

// EXPONENT takes an exponent apart: left shift, right shift e, e > 0 ? 2^(e−1) : 0, e > 0 ? −1 : 0. Overwrites AX, BX, CX.
#define EXPONENT(shift, left, e, half, sign) \
	MOVL         shift, CX  \
	XORL         BX, BX     \
	MOVL         CX, AX     \
	TESTL        CX, CX     \
	CMOVLLT      BX, AX     \
	VPBROADCASTD AX, left   \
	SUBL         CX, AX     \
	VPBROADCASTD AX, e      \
	MOVL         $1, BX     \
	SHLXL        AX, BX, BX \
	SHRL         $1, BX     \
	VPBROADCASTD BX, half   \
	NEGL         AX         \
	SARL         $31, AX    \
	VPBROADCASTD AX, sign

// SRDHM is Z0 = fixed.SRDHM(Z0, m). me has m of the even lanes and mo of the odd ones (low dwords), round is 2^30 (int64),
// K2 0xaaaa. x·m + 2^30 has the high multiply in bits 31 to 62: of the even lanes it is shifted down to the low dword, of
// the odd ones up by one into the high dword. Overwrites Z1.
#define SRDHM(me, mo, round) \
	VPSRLQ    $32, Z0, Z1   \
	VPMULDQ   me, Z0, Z0    \
	VPMULDQ   mo, Z1, Z1    \
	VPADDQ    round, Z0, Z0 \
	VPADDQ    round, Z1, Z1 \
	VPSRLQ    $31, Z0, Z0   \
	VPADDQ    Z1, Z1, Z1    \
	VMOVDQA32 Z1, K2, Z0

// RDPOT is Z0 = fixed.RDPOT(Z0, e): it adds 2^(e−1), less 1 where negative. Z0 + 2^(e−1) must not overflow. Overwrites Z1.
#define RDPOT(e, half, sign) \
	VPSRAD  $31, Z0, Z1  \
	VPANDD  sign, Z1, Z1 \
	VPADDD  half, Z0, Z0 \
	VPADDD  Z1, Z0, Z0   \
	VPSRAVD e, Z0, Z0
