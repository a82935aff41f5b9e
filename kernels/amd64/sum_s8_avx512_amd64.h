#include "binary_s8_avx512_amd64.h"
#include "rescale_amd64.h"

// SUM_S8 is the body of a kernel over abi.AddS8. COMBINE makes Z0 of the rescaled operands Z0 and Z1 and adds
// 2^31, as RESCALE takes it. Tail, and registers but these: BINARY_S8.
//
//	DI args    AX BX CX DX scratch
//	Z0 a    Z1 b    Z2-Z4 scratch    Z10-Z13 multiplier of a    Z14-Z17 of b    Z18-Z21 of y
//	Z22 ZA−2^11    Z23 ZB−2^11    Z24 ZY    Z25 Lo    Z26 Hi    Z27 2^31    K2 as RESCALE takes it
//
// (x−z)·2^20 + 2^31, RESCALE's form, is (x − (z−2^11))·2^20.
#define STEP \
	VPMOVSXBD (SI), Z0                                    \
	VPMOVSXBD (R8), Z1                                    \
	VPSUBD    Z22, Z0, Z0                                 \
	VPSUBD    Z23, Z1, Z1                                 \
	VPSLLD    $20, Z0, Z0                                 \
	VPSLLD    $20, Z1, Z1                                 \
	RESCALE(Z0, Z10, Z10, Z11, Z11, Z12, Z13, Z2, Z3, Z4) \
	RESCALE(Z1, Z14, Z14, Z15, Z15, Z16, Z17, Z2, Z3, Z4) \
	COMBINE                                               \
	RESCALE(Z0, Z18, Z18, Z19, Z19, Z20, Z21, Z2, Z3, Z4) \
	VPADDD    Z24, Z0, Z0                                 \
	VPMAXSD   Z25, Z0, Z0                                 \
	VPMINSD   Z26, Z0, Z0                                 \
	VPMOVDB   Z0, X0

#define SUM_S8 \
	MULTIPLIER(addS8_MA(DI), addS8_ShiftA(DI), Z10, Z11, Z12, Z13) \
	MULTIPLIER(addS8_MB(DI), addS8_ShiftB(DI), Z14, Z15, Z16, Z17) \
	MULTIPLIER(addS8_MY(DI), addS8_ShiftY(DI), Z18, Z19, Z20, Z21) \
	MOVL         addS8_ZA(DI), AX                                  \
	SUBL         $2048, AX                                         \
	VPBROADCASTD AX, Z22                                           \
	MOVL         addS8_ZB(DI), AX                                  \
	SUBL         $2048, AX                                         \
	VPBROADCASTD AX, Z23                                           \
	VPBROADCASTD addS8_ZY(DI), Z24                                 \
	VPBROADCASTD addS8_Lo(DI), Z25                                 \
	VPBROADCASTD addS8_Hi(DI), Z26                                 \
	MOVL         $0x80000000, AX                                   \
	VPBROADCASTD AX, Z27                                           \
	MOVL         $0x5555, AX                                       \
	KMOVW        AX, K2                                            \
	MOVQ         addS8_A(DI), SI                                   \
	MOVQ         addS8_B(DI), R8                                   \
	MOVQ         addS8_Y(DI), R9                                   \
	MOVQ         addS8_N(DI), R10                                  \
	MOVQ         addS8_BStep(DI), R11                              \
	BINARY_S8
