#include "textflag.h"
#include "go_asm.h"
#include "mask_avx2_amd64.h"

// func MaskF32AVX2(a *abi.MaskF32)
//
// CPU: AVX2. Eight elements a step; the last step reads up to 7 elements past x's end and stores under a mask.
//
//	SI x    DI mask    CX elements left    AX scratch    Y0 value    Y1 byte of the mask, then its lanes    Y2 bits of the lanes
DATA bits<>+0(SB)/8, $0x0000000200000001
DATA bits<>+8(SB)/8, $0x0000000800000004
DATA bits<>+16(SB)/8, $0x0000002000000010
DATA bits<>+24(SB)/8, $0x0000008000000040
GLOBL bits<>(SB), RODATA|NOPTR, $32

#define STEP \
	VPBROADCASTB (DI), Y1     \
	VPAND        Y2, Y1, Y1   \
	VPCMPEQD     Y2, Y1, Y1   \
	VANDPS       (SI), Y1, Y0

TEXT ·MaskF32AVX2(SB), NOSPLIT, $0-8
	MOVQ    a+0(FP), AX
	MOVQ    maskF32_X(AX), SI
	MOVQ    maskF32_Mask(AX), DI
	MOVQ    maskF32_N(AX), CX
	VMOVDQU bits<>(SB), Y2
	JMP     next

loop:
	STEP
	VMOVUPS Y0, (SI)
	ADDQ    $32, SI
	INCQ    DI

next:
	SUBQ       $8, CX
	JGE        loop
	ADDQ       $8, CX
	JEQ        done
	STEP
	LANEMASK(CX, AX, Y1)
	VMASKMOVPS Y0, Y1, (SI)

done:
	VZEROUPPER
	RET
