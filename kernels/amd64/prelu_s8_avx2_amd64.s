#include "textflag.h"
#include "go_asm.h"
#include "narrow_avx2_amd64.h"
#include "part_avx2_amd64.h"

// func PReluS8AVX2(a *abi.PReluS8)
//
// CPU: AVX2; BMI2. Eight elements a step; the last step reads up to 7 bytes past the ends.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    AX BX CX scratch
//	Y0 value    Y1 Y2 scratch    Y3 a−ZA, whose signs choose    Y4 M, Y5 left, Y6 e, Y7 half, Y8 sign for a ≥ 0; those for
//	a < 0 on the stack    Y9 ZA    Y10 ZB    Y11 ZY    Y12 2^30
//
// The multiplication is MulS8AVX2's, with a multiplier for each lane. Narrowing clamps to [−128, 127].
#define STEP \
	VPMOVSXBD (SI), Y3                      \
	VPMOVSXBD (R8), Y1                      \
	VPSUBD    Y9, Y3, Y3                    \
	VPSUBD    Y10, Y1, Y1                   \
	VPMULLD   Y1, Y3, Y1                    \
	VBLENDVPS Y3, Y1, Y3, Y0                \
	VBLENDVPS Y3, left-64(SP), Y5, Y1       \
	VBLENDVPS Y3, multiplier-32(SP), Y4, Y2 \
	VPSLLVD   Y1, Y0, Y0                    \
	VPSRLQ    $32, Y0, Y1                   \
	VPMULDQ   Y2, Y0, Y0                    \
	VPSRLQ    $32, Y2, Y2                   \
	VPMULDQ   Y2, Y1, Y1                    \
	VPADDQ    Y12, Y0, Y0                   \
	VPADDQ    Y12, Y1, Y1                   \
	VPSRLQ    $31, Y0, Y0                   \
	VPADDQ    Y1, Y1, Y1                    \
	VPBLENDD  $0xaa, Y1, Y0, Y0             \
	VPSRAD    $31, Y0, Y1                   \
	VBLENDVPS Y3, sign-160(SP), Y8, Y2      \
	VPAND     Y2, Y1, Y1                    \
	VBLENDVPS Y3, half-128(SP), Y7, Y2      \
	VPADDD    Y2, Y0, Y0                    \
	VPADDD    Y1, Y0, Y0                    \
	VBLENDVPS Y3, right-96(SP), Y6, Y2      \
	VPSRAVD   Y2, Y0, Y0                    \
	VPADDD    Y11, Y0, Y0                   \
	NARROW8(Y0, X0, X1)

// SHIFTS takes an exponent apart: left shift, right shift e, e > 0 ? 2^(e−1) : 0, e > 0 ? −1 : 0. Overwrites AX, BX, CX.
#define SHIFTS(shift) \
	MOVL         shift, CX  \
	XORL         BX, BX     \
	MOVL         CX, AX     \
	TESTL        CX, CX     \
	CMOVLLT      BX, AX     \
	VMOVD        AX, X5     \
	VPBROADCASTD X5, Y5     \
	SUBL         CX, AX     \
	VMOVD        AX, X6     \
	VPBROADCASTD X6, Y6     \
	MOVL         $1, BX     \
	SHLXL        AX, BX, BX \
	SHRL         $1, BX     \
	VMOVD        BX, X7     \
	VPBROADCASTD X7, Y7     \
	NEGL         AX         \
	SARL         $31, AX    \
	VMOVD        AX, X8     \
	VPBROADCASTD X8, Y8

TEXT ·PReluS8AVX2(SB), NOSPLIT, $168-8
	MOVQ         a+0(FP), DI
	VPBROADCASTD pReluS8_MNeg(DI), Y4
	SHIFTS(pReluS8_ShiftNeg(DI))
	VMOVDQU      Y4, multiplier-32(SP)
	VMOVDQU      Y5, left-64(SP)
	VMOVDQU      Y6, right-96(SP)
	VMOVDQU      Y7, half-128(SP)
	VMOVDQU      Y8, sign-160(SP)
	VPBROADCASTD pReluS8_M(DI), Y4
	SHIFTS(pReluS8_Shift(DI))
	VPBROADCASTD pReluS8_ZA(DI), Y9
	VPBROADCASTD pReluS8_ZB(DI), Y10
	VPBROADCASTD pReluS8_ZY(DI), Y11
	MOVL         $0x40000000, AX
	VMOVQ        AX, X12
	VPBROADCASTQ X12, Y12
	MOVQ         pReluS8_A(DI), SI
	MOVQ         pReluS8_B(DI), R8
	MOVQ         pReluS8_Y(DI), R9
	MOVQ         pReluS8_N(DI), R10
	MOVQ         pReluS8_BStep(DI), R11
	SHLQ         $3, R11
	JNZ          next

	// One b for all: eight of it where the step is 0.
	VPBROADCASTB (R8), X0
	LEAQ         b-168(SP), R8
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
