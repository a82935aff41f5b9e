#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func AddF32AVX2(a *abi.BinaryF32)
//
// CPU: AVX2. Eight elements a step; the last step reads up to 7 elements past the ends and stores under a mask.
//
//	DI args    SI a    R8 b    R9 y    R10 elements left    R11 bytes of b to step    AX scratch
//	Y0 value    Y1 scratch    Y8 Lo    Y9 Hi    Y10 all lanes where there is a clamp
#define STEP \
	VMOVUPS (SI), Y0          \
	VADDPS  (R8), Y0, Y0      \
	CLAMPIF(Y8, Y9, Y10, Y0, Y1)

TEXT ·AddF32AVX2(SB), NOSPLIT, $32-8
	MOVQ         a+0(FP), DI
	VBROADCASTSS binaryF32_Lo(DI), Y8
	VBROADCASTSS binaryF32_Hi(DI), Y9
	CLAMPMASK(binaryF32_Clamp(DI), X10, Y10)
	MOVQ         binaryF32_A(DI), SI
	MOVQ         binaryF32_B(DI), R8
	MOVQ         binaryF32_Y(DI), R9
	MOVQ         binaryF32_N(DI), R10
	MOVQ         binaryF32_BStep(DI), R11
	SHLQ         $5, R11
	JNZ          next

	// One b for all: eight of it where the step is 0.
	VBROADCASTSS (R8), Y0
	LEAQ         b-32(SP), R8
	VMOVUPS      Y0, (R8)
	JMP          next

loop:
	STEP
	VMOVUPS Y0, (R9)
	ADDQ    $32, SI
	ADDQ    R11, R8
	ADDQ    $32, R9

next:
	SUBQ       $8, R10
	JGE        loop
	ADDQ       $8, R10
	JEQ        done
	STEP
	LANEMASK(R10, AX, Y1)
	VMASKMOVPS Y0, Y1, (R9)

done:
	VZEROUPPER
	RET
