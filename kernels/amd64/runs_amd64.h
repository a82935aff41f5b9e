// Depthwise convolutions work on runs of four output pixels. A run is four pixels of a row; a row's last run overlaps the
// one before. A picture less than four pixels wide is transposed if it is higher; where both are less, each pixel
// is a run, computed four times.
//
// The frame holds the walk over the runs, in bytes:
//
//	walkX-8 walkY-16 the run at hand    runs-24 runs left    left-32 pixels from it to the row's last run
//	run-40 pixels between runs    xStep-48 yStep-56 xNext-80 yNext-96 between pixels and rows    lastRun-64 left-32 of a row's first
//	rowX-72 rowY-88 the row    step-112 yWindow-144 bytes between a run's pixels: xStep and yStep, or 0    allRuns-152
//	panel-160 channelX-168 channelY-176 channels-184 the panel at hand and what is left

// GEOMETRY fills the frame. It takes XStep in AX, XNext in BX, YStep in CX, YNext in DX, Cols in SI and Rows in DI, and clears
// R12 where a run is not four pixels of a row. Overwrites R8, R9, R10.
#define GEOMETRY \
	MOVL  $4, R8               \
	CMPQ  SI, $4               \
	JGE   wide                 \
	XORL  R12, R12             \
	CMPQ  DI, $4               \
	JLT   small                \
	XCHGQ AX, BX               \
	XCHGQ CX, DX               \
	XCHGQ SI, DI               \
wide:                              \
	MOVQ  AX, R9               \
	MOVQ  CX, R10              \
	JMP   geometry             \
small:                             \
	MOVL  $1, R8               \
	XORL  R9, R9               \
	XORL  R10, R10             \
geometry:                          \
	MOVQ  R8, run-40(SP)       \
	MOVQ  AX, xStep-48(SP)     \
	MOVQ  CX, yStep-56(SP)     \
	MOVQ  BX, xNext-80(SP)     \
	MOVQ  DX, yNext-96(SP)     \
	MOVQ  R9, step-112(SP)     \
	MOVQ  R10, yWindow-144(SP) \
	SUBQ  R8, SI               \
	MOVQ  SI, lastRun-64(SP)   \
	LEAQ  -1(SI)(R8*1), AX     \
	XORL  DX, DX               \
	DIVQ  R8                   \
	INCQ  AX                   \
	IMULQ DI, AX               \
	MOVQ  AX, allRuns-152(SP)

// FIRSTRUN starts the walk of a panel. Overwrites AX.
#define FIRSTRUN \
	MOVQ channelX-168(SP), AX \
	MOVQ AX, walkX-8(SP)      \
	MOVQ AX, rowX-72(SP)      \
	MOVQ channelY-176(SP), AX \
	MOVQ AX, walkY-16(SP)     \
	MOVQ AX, rowY-88(SP)      \
	MOVQ lastRun-64(SP), AX   \
	MOVQ AX, left-32(SP)      \
	MOVQ allRuns-152(SP), AX  \
	MOVQ AX, runs-24(SP)

// NEXTRUN stores the position of the run at hand and goes on, unless that run is the last. Overwrites AX and BX.
#define NEXTRUN(x, y, row, done) \
	MOVQ    walkX-8(SP), x     \
	MOVQ    walkY-16(SP), AX   \
	MOVQ    AX, y              \
	DECQ    runs-24(SP)        \
	JLE     done               \
	MOVQ    left-32(SP), AX    \
	TESTQ   AX, AX             \
	JZ      row                \
	MOVQ    run-40(SP), BX     \
	CMPQ    AX, BX             \
	CMOVQGT BX, AX             \
	SUBQ    AX, left-32(SP)    \
	MOVQ    AX, BX             \
	IMULQ   xStep-48(SP), AX   \
	IMULQ   yStep-56(SP), BX   \
	ADDQ    AX, walkX-8(SP)    \
	ADDQ    BX, walkY-16(SP)   \
	JMP     done               \
row:                               \
	MOVQ    lastRun-64(SP), AX \
	MOVQ    AX, left-32(SP)    \
	MOVQ    rowX-72(SP), AX    \
	ADDQ    xNext-80(SP), AX   \
	MOVQ    AX, rowX-72(SP)    \
	MOVQ    AX, walkX-8(SP)    \
	MOVQ    rowY-88(SP), AX    \
	ADDQ    yNext-96(SP), AX   \
	MOVQ    AX, rowY-88(SP)    \
	MOVQ    AX, walkY-16(SP)   \
done:
