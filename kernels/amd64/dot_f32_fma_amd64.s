#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func DotF32FMA(a *abi.RowF32)
//
// CPU: AVX, FMA. Eight rows a step, each a chain of scalar products, which the latency of eight hides. Behind the last row
// stands the last row again, and results are stored under a mask.
//
//	SI x    DI y    CX rows left    R8-R13 BX DX rows    R14 bytes between rows    AX k    R15 K
//	X0-X7 sums    X8 element of x    Y9 mask
TEXT ·DotF32FMA(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ rowF32_X(AX), SI
	MOVQ rowF32_W(AX), R8
	MOVQ rowF32_Y(AX), DI
	MOVQ rowF32_N(AX), CX
	MOVQ rowF32_Step(AX), R14
	SHLQ $2, R14
	MOVQ rowF32_K(AX), R15
	TESTQ CX, CX
	JEQ  done

rows:
	LEAQ     (R8)(R14*1), R9
	CMPQ     CX, $1
	CMOVQLE  R8, R9
	LEAQ     (R9)(R14*1), R10
	CMPQ     CX, $2
	CMOVQLE  R9, R10
	LEAQ     (R10)(R14*1), R11
	CMPQ     CX, $3
	CMOVQLE  R10, R11
	LEAQ     (R11)(R14*1), R12
	CMPQ     CX, $4
	CMOVQLE  R11, R12
	LEAQ     (R12)(R14*1), R13
	CMPQ     CX, $5
	CMOVQLE  R12, R13
	LEAQ     (R13)(R14*1), BX
	CMPQ     CX, $6
	CMOVQLE  R13, BX
	LEAQ     (BX)(R14*1), DX
	CMPQ     CX, $7
	CMOVQLE  BX, DX
	VXORPS   X0, X0, X0
	VXORPS   X1, X1, X1
	VXORPS   X2, X2, X2
	VXORPS   X3, X3, X3
	VXORPS   X4, X4, X4
	VXORPS   X5, X5, X5
	VXORPS   X6, X6, X6
	VXORPS   X7, X7, X7
	XORL     AX, AX
	JMP      next

loop:
	VMOVSS      (SI)(AX*4), X8
	VFMADD231SS (R8)(AX*4), X8, X0
	VFMADD231SS (R9)(AX*4), X8, X1
	VFMADD231SS (R10)(AX*4), X8, X2
	VFMADD231SS (R11)(AX*4), X8, X3
	VFMADD231SS (R12)(AX*4), X8, X4
	VFMADD231SS (R13)(AX*4), X8, X5
	VFMADD231SS (BX)(AX*4), X8, X6
	VFMADD231SS (DX)(AX*4), X8, X7
	INCQ        AX

next:
	CMPQ        AX, R15
	JLT         loop
	VUNPCKLPS   X1, X0, X0
	VUNPCKLPS   X3, X2, X2
	VUNPCKLPS   X5, X4, X4
	VUNPCKLPS   X7, X6, X6
	VMOVLHPS    X2, X0, X0
	VMOVLHPS    X6, X4, X4
	VINSERTF128 $1, X4, Y0, Y0
	SUBQ        $8, CX
	JLT         tail
	VMOVUPS     Y0, (DI)
	JEQ         done
	ADDQ        $32, DI
	LEAQ        (DX)(R14*1), R8
	JMP         rows

tail:
	ADDQ       $8, CX
	LANEMASK(CX, AX, Y9)
	VMASKMOVPS Y0, Y9, (DI)

done:
	VZEROUPPER
	RET
