#include "binary_s8_avx2_amd64.h"
#include "narrow_avx2_amd64.h"
#include "rescale_avx2_amd64.h"

// SUM_S8 is the body of a kernel over abi.AddS8. COMBINE makes Y0 of the rescaled operands Y0 and Y1 and adds
// 2^31, as RESCALE8 takes it. Tail, and registers but these: BINARY_S8.
//
//	DI args    AX BX CX DX scratch
//	Y0 a    Y1 b    Y2-Y4 scratch    Y5 Y6 multiplier of a    Y7 Y8 of b    Y9 Y10 of y, the rest of them on the stack
//	Y11 ZA−2^11    Y12 ZB−2^11    Y13 ZY    Y14 Lo    Y15 Hi
//
// (x−z)·2^20 + 2^31, RESCALE8's form, is (x − (z−2^11))·2^20. The frame's lowest 8 bytes take one b for all, eight times;
// 32 bytes at offset-224 and at negate-256 are COMBINE's.
#define STEP \
	VPMOVSXBD (SI), Y0                                                      \
	VPMOVSXBD (R8), Y1                                                      \
	VPSUBD    Y11, Y0, Y0                                                   \
	VPSUBD    Y12, Y1, Y1                                                   \
	VPSLLD    $20, Y0, Y0                                                   \
	VPSLLD    $20, Y1, Y1                                                   \
	RESCALE8(Y0, Y5, Y5, Y6, Y6, signA-32(SP), expA-64(SP), Y2, Y3, Y4)     \
	RESCALE8(Y1, Y7, Y7, Y8, Y8, signB-96(SP), expB-128(SP), Y2, Y3, Y4)    \
	COMBINE                                                                 \
	RESCALE8(Y0, Y9, Y9, Y10, Y10, signY-160(SP), expY-192(SP), Y2, Y3, Y4) \
	VPADDD    Y13, Y0, Y0                                                   \
	VPMAXSD   Y14, Y0, Y0                                                   \
	VPMINSD   Y15, Y0, Y0                                                   \
	NARROW8(Y0, X0, X1)

#define SUM_S8 \
	MULTIPLIER8(addS8_MA(DI), addS8_ShiftA(DI), Y5, Y6, signA-32(SP), expA-64(SP))    \
	MULTIPLIER8(addS8_MB(DI), addS8_ShiftB(DI), Y7, Y8, signB-96(SP), expB-128(SP))   \
	MULTIPLIER8(addS8_MY(DI), addS8_ShiftY(DI), Y9, Y10, signY-160(SP), expY-192(SP)) \
	MOVL         addS8_ZA(DI), AX                                                     \
	SUBL         $2048, AX                                                            \
	VMOVD        AX, X11                                                              \
	VPBROADCASTD X11, Y11                                                             \
	MOVL         addS8_ZB(DI), AX                                                     \
	SUBL         $2048, AX                                                            \
	VMOVD        AX, X12                                                              \
	VPBROADCASTD X12, Y12                                                             \
	VPBROADCASTD addS8_ZY(DI), Y13                                                    \
	VPBROADCASTD addS8_Lo(DI), Y14                                                    \
	VPBROADCASTD addS8_Hi(DI), Y15                                                    \
	MOVQ         addS8_A(DI), SI                                                      \
	MOVQ         addS8_B(DI), R8                                                      \
	MOVQ         addS8_Y(DI), R9                                                      \
	MOVQ         addS8_N(DI), R10                                                     \
	MOVQ         addS8_BStep(DI), R11                                                 \
	BINARY_S8(b-264(SP))
