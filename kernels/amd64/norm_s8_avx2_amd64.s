#include "textflag.h"
#include "go_asm.h"

// func NormS8AVX2(a *abi.NormS8)
//
// CPU: AVX2; BMI2. Four codes a step in 64 bits each; the last one reads up to 24 bytes past the ends and stores byte by
// byte. AVX2 shifts 64 bits as unsigned numbers only: 2^63 is added before and its shifted self taken off behind.
//
//	SI x    DI y    R8 m    R9 b    CX codes left    DX scratch    Y0 values    Y1 m, scratch
//	Y2 Size    Y3 Less    Y4 Inv    Y5 2^63 and half a unit of z    X6 ShiftZ    Y7 2^(63−ShiftZ)
//	Y8 2^63    X9 ShiftY    Y10 2^(63−ShiftY) − Zero    Y11 127    Y12 −128    Y13 the bytes 0 and 8

// F turns four codes, widened, into four bytes of X0.
#define F \
	VPMULDQ      Y2, Y0, Y0      \
	VPSUBQ       Y3, Y0, Y0      \
	VPMULDQ      Y4, Y0, Y0      \
	VPADDQ       Y5, Y0, Y0      \
	VPSRLQ       X6, Y0, Y0      \
	VPSUBQ       Y7, Y0, Y0      \
	VPMULDQ      Y1, Y0, Y0      \
	VPADDQ       (R9), Y0, Y0    \
	VPADDQ       Y8, Y0, Y0      \
	VPSRLQ       X9, Y0, Y0      \
	VPSUBQ       Y10, Y0, Y0     \
	VPCMPGTQ     Y11, Y0, Y1     \
	VBLENDVPD    Y1, Y11, Y0, Y0 \
	VPCMPGTQ     Y0, Y12, Y1     \
	VBLENDVPD    Y1, Y12, Y0, Y0 \
	VPSHUFB      Y13, Y0, Y0     \
	VEXTRACTI128 $1, Y0, X1      \
	VPUNPCKLWD   X1, X0, X0

#define BROADCAST(x, y) \
	VMOVQ        DX, x \
	VPBROADCASTQ x, y

TEXT ·NormS8AVX2(SB), NOSPLIT, $0-8
	MOVQ    a+0(FP), AX
	MOVQ    normS8_X(AX), SI
	MOVQ    normS8_Y(AX), DI
	MOVQ    normS8_M(AX), R8
	MOVQ    normS8_B(AX), R9
	MOVLQSX normS8_Size(AX), DX
	BROADCAST(X2, Y2)
	MOVLQSX normS8_Less(AX), DX
	BROADCAST(X3, Y3)
	MOVLQSX normS8_Inv(AX), DX
	BROADCAST(X4, Y4)
	MOVQ    $127, DX
	BROADCAST(X11, Y11)
	MOVQ    $-128, DX
	BROADCAST(X12, Y12)
	MOVQ    $0x0800, DX
	BROADCAST(X13, Y13)
	MOVQ    $1, R10
	SHLQ    $63, R10
	MOVQ    R10, DX
	BROADCAST(X8, Y8)
	MOVQ    normS8_ShiftZ(AX), CX
	VMOVQ   CX, X6
	SHRXQ   CX, R10, DX
	BROADCAST(X7, Y7)
	DECQ    CX
	MOVL    $1, DX
	SHLQ    CX, DX
	ADDQ    R10, DX
	BROADCAST(X5, Y5)
	MOVQ    normS8_ShiftY(AX), CX
	VMOVQ   CX, X9
	SHRXQ   CX, R10, DX
	MOVLQSX normS8_Zero(AX), CX
	SUBQ    CX, DX
	BROADCAST(X10, Y10)
	MOVQ    normS8_N(AX), CX
	JMP     next

loop:
	VPMOVSXBQ (SI), Y0
	VPMOVSXDQ (R8), Y1
	F
	VMOVD     X0, (DI)
	ADDQ      $4, SI
	ADDQ      $4, DI
	ADDQ      $16, R8
	ADDQ      $32, R9

next:
	SUBQ      $4, CX
	JGE       loop
	ADDQ      $4, CX
	JEQ       done
	VPMOVSXBQ (SI), Y0
	VPMOVSXDQ (R8), Y1
	F
	VMOVD     X0, DX

bytes:
	MOVB DX, (DI)
	SHRL $8, DX
	INCQ DI
	DECQ CX
	JNZ  bytes

done:
	VZEROUPPER
	RET
