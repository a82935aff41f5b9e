// The frame of the pooling kernels: rows of y, n channels of a row at once, all taps of the channels.
//
//	DI args, then y of the channels    R8 X+Shift    R9 offsets of the row    R10 y    R11 rows left    R12 bytes of YStride
//	R13 Taps    R14 C    R15 channels done    SI x of the channels    BX count of the row    CX channels left    DX tap
//	AX scratch
//
// A kernel defines FIRST, which starts the reduction (the maximum: with the tap at (SI)(AX*size)), TAP, which adds the tap
// at (SI)(AX*size), RESULT, which leaves the n elements of y in v, and PART, which stores the first CX < n of them at (DI).

#define POOLARGS_S8 \
	MOVQ poolS8_X(DI), R8        \
	ADDQ poolS8_Shift(DI), R8    \
	MOVQ poolS8_Off(DI), R9      \
	MOVQ poolS8_Y(DI), R10       \
	MOVQ poolS8_Rows(DI), R11    \
	MOVQ poolS8_YStride(DI), R12 \
	MOVQ poolS8_Taps(DI), R13    \
	MOVQ poolS8_C(DI), R14

#define POOLARGS_F32 \
	MOVQ poolF32_X(DI), R8        \
	MOVQ poolF32_Shift(DI), AX    \
	LEAQ (R8)(AX*4), R8           \
	MOVQ poolF32_Off(DI), R9      \
	MOVQ poolF32_Y(DI), R10       \
	MOVQ poolF32_Rows(DI), R11    \
	MOVQ poolF32_YStride(DI), R12 \
	SHLQ $2, R12                  \
	MOVQ poolF32_Taps(DI), R13    \
	MOVQ poolF32_C(DI), R14

#define MAX_POOL(size, n, move, v) \
row:                               \
	XORL R15, R15              \
step:                              \
	LEAQ    (R8)(R15*size), SI \
	MOVLQSX (R9), AX           \
	FIRST                      \
	MOVL    $1, DX             \
	CMPQ    R13, $1            \
	JEQ     store              \
tap:                               \
	MOVLQSX (R9)(DX*4), AX     \
	TAP                        \
	INCQ    DX                 \
	CMPQ    DX, R13            \
	JLT     tap                \
store:                             \
	STORE_CHANNELS(size, n, move, v)

// COUNT makes what RESULT needs of the count at (BX).
#define AVERAGE_POOL(size, n, move, v) \
row:                            \
	COUNT                   \
	ADDQ $4, BX             \
	XORL R15, R15           \
step:                           \
	LEAQ (R8)(R15*size), SI \
	FIRST                   \
	XORL DX, DX             \
tap:                            \
	MOVLQSX (R9)(DX*4), AX  \
	INCQ    DX              \
	TESTQ   AX, AX          \
	JLT     skip            \
	TAP                     \
skip:                           \
	CMPQ DX, R13            \
	JLT  tap                \
	STORE_CHANNELS(size, n, move, v)

#define STORE_CHANNELS(size, n, move, v) \
	RESULT                   \
	LEAQ (R10)(R15*size), DI \
	MOVQ R14, CX             \
	SUBQ R15, CX             \
	CMPQ CX, $n              \
	JLT  part                \
	move v, (DI)             \
	ADDQ $n, R15             \
	CMPQ R15, R14            \
	JLT  step                \
next:                            \
	LEAQ (R9)(R13*4), R9     \
	ADDQ R12, R10            \
	DECQ R11                 \
	JNZ  row                 \
	VZEROUPPER               \
	RET                      \
part:                            \
	PART                     \
	JMP next
