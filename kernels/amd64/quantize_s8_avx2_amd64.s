#include "textflag.h"
#include "go_asm.h"
#include "narrow_avx2_amd64.h"
#include "part_avx2_amd64.h"

// func QuantizeS8AVX2(a *abi.QuantizeS8)
//
// CPU: AVX2. Eight elements a step; the last step reads up to 7 elements past x's end.
//
//	SI x    DI y    CX elements left    AX scratch    Y0 value    Y1 scratch
//	Y8 Scale    Y9 −512    Y10 512    Y11 −0    Y12 ½ − 2^−25    Y13 ZeroPoint
//
// The arithmetic is that of quantize_s8_avx512_amd64.s.
#define STEP \
	VMOVUPS    (SI), Y0          \
	VDIVPS     Y8, Y0, Y0        \
	VCMPPS     $7, Y0, Y0, Y1    \
	VANDPS     Y1, Y0, Y0        \
	VMAXPS     Y9, Y0, Y0        \
	VMINPS     Y10, Y0, Y0       \
	VANDPS     Y11, Y0, Y1       \
	VORPS      Y12, Y1, Y1       \
	VADDPS     Y1, Y0, Y0        \
	VCVTTPS2DQ Y0, Y0            \
	VPADDD     Y13, Y0, Y0       \
	NARROW8(Y0, X0, X1)

#define CONSTANT(v, x, y) \
	MOVL         v, AX   \
	VMOVD        AX, x   \
	VPBROADCASTD x, y

TEXT ·QuantizeS8AVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         quantizeS8_X(AX), SI
	MOVQ         quantizeS8_Y(AX), DI
	MOVQ         quantizeS8_N(AX), CX
	VBROADCASTSS quantizeS8_Scale(AX), Y8
	VPBROADCASTD quantizeS8_ZeroPoint(AX), Y13
	CONSTANT($0xc4000000, X9, Y9)
	CONSTANT($0x44000000, X10, Y10)
	CONSTANT($0x80000000, X11, Y11)
	CONSTANT($0x3effffff, X12, Y12)
	JMP          next

loop:
	STEP
	VMOVQ X0, (DI)
	ADDQ  $32, SI
	ADDQ  $8, DI

next:
	SUBQ $8, CX
	JGE  loop
	ADDQ $8, CX
	JEQ  done
	STEP
	STORELESS16(X0, DI, CX)

done:
	VZEROUPPER
	RET
