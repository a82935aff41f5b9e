#include "textflag.h"
#include "go_asm.h"
#include "clamp_amd64.h"

// func MulF32AVX512(a *abi.BinaryF32)
//
// CPU: AVX512F; BMI2. Sixteen elements a step; the last step reads up to 15 elements past the ends and stores under
// a mask.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    AX scratch
//	Z0 value    Z16 Lo    Z17 Hi    K2 all lanes where there is a clamp
#define STEP \
	VMOVUPS (SI), Z0          \
	VMULPS  (R8), Z0, Z0      \
	CLAMP(Z16, Z17, K2, Z0)

TEXT ·MulF32AVX512(SB), NOSPLIT, $64-8
	MOVQ         a+0(FP), DI
	VBROADCASTSS binaryF32_Lo(DI), Z16
	VBROADCASTSS binaryF32_Hi(DI), Z17
	CLAMPMASK(binaryF32_Clamp(DI), K2)
	MOVQ         binaryF32_A(DI), SI
	MOVQ         binaryF32_B(DI), R8
	MOVQ         binaryF32_Y(DI), R9
	MOVQ         binaryF32_N(DI), R10
	MOVQ         binaryF32_BStep(DI), R11
	SHLQ         $6, R11
	JNZ          next

	// One b for all: sixteen of it where the step is 0.
	VBROADCASTSS (R8), Z0
	LEAQ         b-64(SP), R8
	VMOVUPS      Z0, (R8)
	JMP          next

loop:
	STEP
	VMOVUPS Z0, (R9)
	ADDQ    $64, SI
	ADDQ    R11, R8
	ADDQ    $64, R9

next:
	SUBQ    $16, R10
	JGE     loop
	ADDQ    $16, R10
	JEQ     done
	MOVL    $-1, AX
	BZHIL   R10, AX, AX
	KMOVW   AX, K1
	STEP
	VMOVUPS Z0, K1, (R9)

done:
	VZEROUPPER
	RET
