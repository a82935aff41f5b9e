#include "textflag.h"
#include "go_asm.h"
#include "narrow_avx2_amd64.h"
#include "part_avx2_amd64.h"

// func MulS8AVX2(a *abi.MulS8)
//
// CPU: AVX2; BMI2. Eight elements a step; the last step reads up to 7 bytes past the ends.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    AX BX CX scratch
//	Y0 a    Y1 b    Y5 ZA    Y6 ZB    Y7 M    Y8 2^30    Y9 left    Y10 e
//	Y11 e > 0 ? 2^(e−1) : 0    Y12 e > 0 ? −1 : 0    Y13 ZY    Y14 Lo    Y15 Hi
//
// The arithmetic is that of mul_s8_avx512_amd64.s.
#define STEP \
	VPMOVSXBD (SI), Y0           \
	VPMOVSXBD (R8), Y1           \
	VPSUBD    Y5, Y0, Y0         \
	VPSUBD    Y6, Y1, Y1         \
	VPMULLD   Y1, Y0, Y0         \
	VPSLLVD   Y9, Y0, Y0         \
	VPSRLQ    $32, Y0, Y1        \
	VPMULDQ   Y7, Y0, Y0         \
	VPMULDQ   Y7, Y1, Y1         \
	VPADDQ    Y8, Y0, Y0         \
	VPADDQ    Y8, Y1, Y1         \
	VPSRLQ    $31, Y0, Y0        \
	VPADDQ    Y1, Y1, Y1         \
	VPBLENDD  $0xaa, Y1, Y0, Y0  \
	VPSRAD    $31, Y0, Y1        \
	VPAND     Y12, Y1, Y1        \
	VPADDD    Y11, Y0, Y0        \
	VPADDD    Y1, Y0, Y0         \
	VPSRAVD   Y10, Y0, Y0        \
	VPADDD    Y13, Y0, Y0        \
	VPMAXSD   Y14, Y0, Y0        \
	VPMINSD   Y15, Y0, Y0        \
	NARROW8(Y0, X0, X1)

#define SPREAD(r, x, y) \
	VMOVD        r, x  \
	VPBROADCASTD x, y

TEXT ·MulS8AVX2(SB), NOSPLIT, $8-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD mulS8_ZA(DI), Y5
	VPBROADCASTD mulS8_ZB(DI), Y6
	VPBROADCASTD mulS8_M(DI), Y7
	MOVL         $0x40000000, AX
	VMOVQ        AX, X8
	VPBROADCASTQ X8, Y8
	MOVL         mulS8_Shift(DI), CX
	XORL         BX, BX
	MOVL         CX, AX
	TESTL        CX, CX
	CMOVLLT      BX, AX
	SPREAD(AX, X9, Y9)
	SUBL         CX, AX
	SPREAD(AX, X10, Y10)
	MOVL         $1, BX
	SHLXL        AX, BX, BX
	SHRL         $1, BX
	SPREAD(BX, X11, Y11)
	NEGL         AX
	SARL         $31, AX
	SPREAD(AX, X12, Y12)
	VPBROADCASTD mulS8_ZY(DI), Y13
	VPBROADCASTD mulS8_Lo(DI), Y14
	VPBROADCASTD mulS8_Hi(DI), Y15
	MOVQ         mulS8_A(DI), SI
	MOVQ         mulS8_B(DI), R8
	MOVQ         mulS8_Y(DI), R9
	MOVQ         mulS8_N(DI), R10
	MOVQ         mulS8_BStep(DI), R11
	SHLQ         $3, R11
	JNZ          next

	// One b for all: eight of it where the step is 0.
	VPBROADCASTB (R8), X0
	LEAQ         b-8(SP), R8
	VMOVQ        X0, (R8)
	JMP          next

loop:
	STEP
	VMOVQ X0, (R9)
	ADDQ  $8, SI
	ADDQ  R11, R8
	ADDQ  $8, R9

next:
	SUBQ $8, R10
	JGE  loop
	ADDQ $8, R10
	JEQ  done
	STEP
	STORELESS16(X0, R9, R10)

done:
	VZEROUPPER
	RET
