#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func SoftmaxF32AVX2(a *abi.SoftmaxF32)
//
// CPU: AVX2, FMA. Sixteen elements a step, three passes over each row: maximum, exponentials and their sum, quotients.
// The last step of a pass reads up to 16 elements past the row's end and stores under two masks.
//
// The sum is fixed.Sum16: its sixteen partial sums are the lanes of Y14 and Y15; those past the row's end take +0, which
// changes no sum of exponentials. EXP is fixed.ExpF32, LOG is fixed.LogF32 for a sum, which is normal (the largest element
// adds 1) or a NaN. Which of two zeros is the maximum shows in no result: their difference has the exponential 1, and a
// logarithm that two of those contribute to is not 0.
//
//	R8 x of the row    R9 y of it    R10 rows left    R11 N    R12 Log    R13 N%16    R14 N&^15    SI x    DI y    CX left
//	Y0-Y4 scratch    Y5 maximum    Y6-Y12 constants of EXP    Y13 NaN    Y14 Y15 sums, then the sum and its log
//	low, high: masks of the last step

// WITH is op with constant c as its first source; it overwrites Y4.
#define WITH(op, c, x, y) \
	VBROADCASTSS explog<>+c(SB), Y4 \
	op           Y4, x, y

// LOG is Y15 = ln Y14. Y0 is f, Y1 the exponent, Y2 the polynomial, Y3 f².
#define LOG \
	VPSRLD    $23, Y14, Y1              \
	WITH(VPSUBD, 104, Y1, Y1)           \
	WITH(VPAND, 108, Y14, Y0)           \
	WITH(VPOR, 112, Y0, Y0)             \
	VBROADCASTSS explog<>+88(SB), Y4    \
	VCMPPS    $1, Y4, Y0, Y4            \
	VPADDD    Y4, Y1, Y1                \
	VANDPS    Y4, Y0, Y3                \
	VADDPS    Y3, Y0, Y0                \
	VSUBPS    Y12, Y0, Y0               \
	VMULPS    Y0, Y0, Y3                \
	VBROADCASTSS explog<>+52(SB), Y2    \
	HORNER(explog<>+56(SB), Y0, Y2, Y4) \
	HORNER(explog<>+60(SB), Y0, Y2, Y4) \
	HORNER(explog<>+64(SB), Y0, Y2, Y4) \
	HORNER(explog<>+68(SB), Y0, Y2, Y4) \
	HORNER(explog<>+72(SB), Y0, Y2, Y4) \
	HORNER(explog<>+76(SB), Y0, Y2, Y4) \
	HORNER(explog<>+80(SB), Y0, Y2, Y4) \
	HORNER(explog<>+84(SB), Y0, Y2, Y4) \
	VCVTDQ2PS Y1, Y1                    \
	VMULPS    Y0, Y2, Y2                \
	VMULPS    Y3, Y2, Y2                \
	WITH(VFMADD231PS, 92, Y1, Y2)       \
	WITH(VFMADD231PS, 96, Y3, Y2)       \
	VADDPS    Y2, Y0, Y15               \
	WITH(VFMADD231PS, 100, Y1, Y15)     \
	VCMPPS    $3, Y14, Y14, Y4          \
	VBLENDVPS Y4, Y13, Y15, Y15

// MAX raises Y5 to Y0 and remembers a NaN in Y4.
#define MAX \
	VCMPPS $3, Y0, Y0, Y1 \
	VORPS  Y1, Y4, Y4     \
	VMAXPS Y0, Y5, Y5

#define MAXPART(i, mask) \
	VMOVUPS   mask, Y1       \
	VMOVUPS   i(SI), Y0      \
	VBLENDVPS Y1, Y0, Y5, Y0 \
	MAX

// FOLD is Y5 = the larger of Y5 and a permutation of it.
#define FOLD(half) \
	VPSHUFD $half, Y5, Y0 \
	VMAXPS  Y0, Y5, Y5

#define ADDEXP(i, sum) \
	VMOVUPS i(SI), Y0  \
	VSUBPS  Y5, Y0, Y0 \
	EXP                \
	VADDPS  Y2, sum, sum

#define ADDEXPPART(i, mask, sum) \
	VMOVUPS i(SI), Y0  \
	VSUBPS  Y5, Y0, Y0 \
	EXP                \
	VMOVUPS mask, Y0   \
	VANDPS  Y0, Y2, Y1 \
	VADDPS  Y1, sum, sum

#define LOGPART(i) \
	VMOVUPS i(SI), Y0  \
	VSUBPS  Y5, Y0, Y0 \
	VSUBPS  Y15, Y0, Y0

TEXT ·SoftmaxF32AVX2(SB), NOSPLIT, $64-8
	MOVQ         a+0(FP), AX
	MOVQ         softmaxF32_X(AX), R8
	MOVQ         softmaxF32_Y(AX), R9
	MOVQ         softmaxF32_Rows(AX), R10
	MOVQ         softmaxF32_N(AX), R11
	MOVQ         softmaxF32_Log(AX), R12
	EXPCONSTANTS
	MOVQ         R11, R14
	ANDQ         $-16, R14
	MOVQ         R11, R13
	ANDQ         $15, R13
	LANEMASKS(R13, SI, DI, Y0, Y1)
	VMOVUPS      Y0, low-32(SP)
	VMOVUPS      Y1, high-64(SP)

row:
	VBROADCASTSS (R8), Y5
	VCMPPS       $3, Y5, Y5, Y4
	MOVQ         R8, SI
	MOVQ         R14, CX
	JMP          max1

max0:
	VMOVUPS (SI), Y0
	MAX
	VMOVUPS 32(SI), Y0
	MAX
	ADDQ    $64, SI

max1:
	SUBQ         $16, CX
	JGE          max0
	MAXPART(0, low-32(SP))
	MAXPART(32, high-64(SP))
	VPERM2F128   $1, Y5, Y5, Y0
	VMAXPS       Y0, Y5, Y5
	FOLD(0x4e)
	FOLD(0xb1)
	VMOVMSKPS    Y4, AX
	TESTL        AX, AX
	JEQ          exp
	VMOVAPS      Y13, Y5

exp:
	VXORPS X14, X14, X14
	VXORPS X15, X15, X15
	MOVQ   R8, SI
	MOVQ   R9, DI
	MOVQ   R14, CX
	TESTQ  R12, R12
	JNE    sum1
	JMP    exp1

exp0:
	ADDEXP(0, Y14)
	VMOVUPS Y2, (DI)
	ADDEXP(32, Y15)
	VMOVUPS Y2, 32(DI)
	ADDQ    $64, SI
	ADDQ    $64, DI

exp1:
	SUBQ       $16, CX
	JGE        exp0
	ADDEXPPART(0, low-32(SP), Y14)
	VMASKMOVPS Y2, Y0, (DI)
	ADDEXPPART(32, high-64(SP), Y15)
	VMASKMOVPS Y2, Y0, 32(DI)
	JMP        reduce

sum0:
	ADDEXP(0, Y14)
	ADDEXP(32, Y15)
	ADDQ $64, SI

sum1:
	SUBQ $16, CX
	JGE  sum0
	ADDEXPPART(0, low-32(SP), Y14)
	ADDEXPPART(32, high-64(SP), Y15)

reduce:
	VADDPS       Y15, Y14, Y14
	VEXTRACTF128 $1, Y14, X0
	VADDPS       X0, X14, X14
	VPSHUFD      $0x4e, X14, X0
	VADDPS       X0, X14, X14
	VPSHUFD      $0xb1, X14, X0
	VADDPS       X0, X14, X14
	VBROADCASTSS X14, Y14
	MOVQ         R8, SI
	MOVQ         R9, DI
	MOVQ         R14, CX
	TESTQ        R12, R12
	JNE          log
	JMP          div1

div0:
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VDIVPS  Y14, Y0, Y0
	VDIVPS  Y14, Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    $64, DI

div1:
	SUBQ       $16, CX
	JGE        div0
	VMOVUPS    low-32(SP), Y2
	VMOVUPS    high-64(SP), Y3
	VMASKMOVPS (DI), Y2, Y0
	VMASKMOVPS 32(DI), Y3, Y1
	VDIVPS     Y14, Y0, Y0
	VDIVPS     Y14, Y1, Y1
	VMASKMOVPS Y0, Y2, (DI)
	VMASKMOVPS Y1, Y3, 32(DI)

next:
	LEAQ (R8)(R11*4), R8
	LEAQ (R9)(R11*4), R9
	DECQ R10
	JNZ  row
	VZEROUPPER
	RET

log:
	LOG
	JMP log1

log0:
	LOGPART(0)
	VMOVUPS Y0, (DI)
	LOGPART(32)
	VMOVUPS Y0, 32(DI)
	ADDQ    $64, SI
	ADDQ    $64, DI

log1:
	SUBQ       $16, CX
	JGE        log0
	VMOVUPS    low-32(SP), Y2
	VMOVUPS    high-64(SP), Y3
	LOGPART(0)
	VMASKMOVPS Y0, Y2, (DI)
	LOGPART(32)
	VMASKMOVPS Y0, Y3, 32(DI)
	JMP        next
