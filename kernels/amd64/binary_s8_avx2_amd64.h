#include "part_avx2_amd64.h"

// BINARY_S8 is the loop of a kernel over two operands of codes; STEP makes the 8 codes of X0 of those at (SI) and (R8).
// Eight elements a step; the last step reads up to 7 bytes past the ends. The 8 bytes of the frame at repeat take one b
// for all, eight times.
//
//	SI a    R8 b    R9 y    R10 elements left    R11 BStep, then bytes of b to step    X0 codes of y
#define BINARY_S8(repeat) \
	SHLQ         $3, R11     \
	JNZ          next        \
	VPBROADCASTB (R8), X0    \
	LEAQ         repeat, R8  \
	VMOVQ        X0, (R8)    \
	JMP          next        \
loop:                            \
	STEP                     \
	VMOVQ X0, (R9)           \
	ADDQ  $8, SI             \
	ADDQ  R11, R8            \
	ADDQ  $8, R9             \
next:                            \
	SUBQ $8, R10             \
	JGE  loop                \
	ADDQ $8, R10             \
	JEQ  done                \
	STEP                     \
	STORELESS16(X0, R9, R10) \
done:                            \
	VZEROUPPER               \
	RET
