// BINARY_S8 is the loop of a kernel over two operands of codes; STEP makes the 16 codes of X0 of those at (SI) and (R8).
// Sixteen elements a step; the last step reads up to 15 bytes past the ends and stores under a mask. The frame's 16 bytes
// take one b for all, sixteen times.
//
//	SI a    R8 b    R9 y    R10 elements left    R11 BStep, then bytes of b to step    AX scratch    X0 codes of y
#define BINARY_S8 \
	SHLQ         $4, R11      \
	JNZ          next         \
	VPBROADCASTB (R8), X0     \
	LEAQ         b-16(SP), R8 \
	VMOVDQU      X0, (R8)     \
	JMP          next         \
loop:                             \
	STEP                      \
	VMOVDQU X0, (R9)          \
	ADDQ    $16, SI           \
	ADDQ    R11, R8           \
	ADDQ    $16, R9           \
next:                             \
	SUBQ     $16, R10         \
	JGE      loop             \
	ADDQ     $16, R10         \
	JEQ      done             \
	MOVL     $-1, AX          \
	BZHIL    R10, AX, AX      \
	KMOVW    AX, K1           \
	STEP                      \
	VMOVDQU8 X0, K1, (R9)     \
done:                             \
	VZEROUPPER                \
	RET
