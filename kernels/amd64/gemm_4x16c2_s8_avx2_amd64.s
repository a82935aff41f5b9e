#include "textflag.h"
#include "go_asm.h"
#include "finish_avx2_amd64.h"
#include "part_avx2_amd64.h"

// func Gemm4x16C2S8AVX2(a *abi.GemmS8)
//
// CPU: AVX2.
//
//	              n0-7  n8-15    <- Y8, Y9: 2 k of each output, 32 bytes of the panel widened to int16
//	Y10  m0       Y0    Y1       Y10, Y11 hold 2 k of a row in every lane, row after row
//	Y11  m1       Y2    Y3
//	Y10  m2       Y4    Y5
//	Y11  m3       Y6    Y7
//
// VPMADDWD adds two products of int16 in int32: exact for all codes and weights. The rows' bytes are widened to int16
// on the stack, 64 k at a time, for from there a load alone spreads 2 k over a vector.
//
// The panel is described in gemm_avx2_amd64.go. Rows: 3 left take the 4x16 tile on the repeated offsets and store what
// there is; 2 take a 2x16 tile, 1 a 1x16 tile. Columns past the last are computed on zero weights and not stored.
//
//	AX BX CX DX  rows of x    R8 k left of the tap    SI end of the widened k    R10 bytes to it, negative    R9 widened
//	R11 weights  R12 offsets    R13 X+Shift    R14 Zero    R15 taps left    DI scratch
//	after the taps AX..DI are scratch, Y8-Y11 constants, Y12-Y14 scratch

// ROW turns the i-th offset of the tap into the address of the row's K bytes, or of those of the row of zeros.
#define ROW(i, r) \
	MOVLQSX (4*i)(R12), r \
	TESTQ   r, r          \
	LEAQ    (R13)(r*1), r \
	CMOVQLT R14, r

// CHUNK makes R10 the number of k to widen, at most 64.
#define CHUNK \
	MOVL    $64, R10 \
	CMPQ    R8, R10  \
	CMOVQLT R8, R10  \
	SUBQ    R10, R8  \
	XORL    DI, DI

// WIDEN stores 16 k of a row as int16.
#define WIDEN(r, i, y) \
	VPMOVSXBW (r)(DI*1), y \
	VMOVDQU   y, (128*i)(R9)(DI*2)

// RUN points SI and R11 behind what CHUNK took.
#define RUN \
	LEAQ (R9)(R10*2), SI \
	MOVQ R10, DI         \
	SHLQ $4, DI          \
	ADDQ DI, R11         \
	ADDQ R10, R10        \
	NEGQ R10

#define WEIGHTS(p) \
	VPMOVSXBW (32*p)(R11)(R10*8), Y8 \
	VPMOVSXBW (32*p+16)(R11)(R10*8), Y9

// DOT adds the p-th 2 k of row i to 16 outputs.
#define DOT(i, p, x, t0, t1, c0, c1) \
	VPBROADCASTD (128*i+4*p)(SI)(R10*1), x \
	VPMADDWD     Y8, x, t0                 \
	VPMADDWD     Y9, x, t1                 \
	VPADDD       t0, c0, c0                \
	VPADDD       t1, c1, c1

#define DOT2(p) \
	WEIGHTS(p)                       \
	DOT(0, p, Y10, Y12, Y13, Y0, Y1) \
	DOT(1, p, Y11, Y14, Y15, Y2, Y3)

#define DOT4(p) \
	DOT2(p)                          \
	DOT(2, p, Y10, Y12, Y13, Y4, Y5) \
	DOT(3, p, Y11, Y14, Y15, Y6, Y7)

TEXT ·Gemm4x16C2S8AVX2(SB), NOSPLIT, $560-8
	MOVQ a+0(FP), DI
	MOVQ gemmS8_X(DI), R13
	ADDQ gemmS8_Shift(DI), R13
	MOVQ gemmS8_Zero(DI), R14
	MOVQ gemmS8_W(DI), AX
	MOVQ AX, panel-8(SP)
	MOVQ gemmS8_Y(DI), AX
	MOVQ AX, column-16(SP)
	MOVQ gemmS8_Cols(DI), AX
	MOVQ AX, cols-24(SP)
	LEAQ widened-560(SP), R9

panel:
	MOVQ a+0(FP), DI
	MOVQ column-16(SP), AX
	MOVQ AX, y-32(SP)
	MOVQ gemmS8_Off(DI), R12
	MOVQ gemmS8_Rows(DI), AX
	MOVQ AX, rows-40(SP)

tile:
	MOVQ    a+0(FP), DI
	MOVQ    gemmS8_Taps(DI), R15
	MOVQ    panel-8(SP), R11
	VMOVDQU (R11), Y0
	VMOVDQU 32(R11), Y1
	ADDQ    $const_headAVX2, R11
	VMOVDQA Y0, Y2
	VMOVDQA Y1, Y3
	VMOVDQA Y0, Y4
	VMOVDQA Y1, Y5
	VMOVDQA Y0, Y6
	VMOVDQA Y1, Y7
	CMPQ    rows-40(SP), $2
	JLT     tap1
	JEQ     tap2

tap4:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	MOVQ a+0(FP), DI
	MOVQ gemmS8_K(DI), R8

chunk4:
	CHUNK

widen4:
	WIDEN(AX, 0, Y8)
	WIDEN(BX, 1, Y9)
	WIDEN(CX, 2, Y10)
	WIDEN(DX, 3, Y11)
	ADDQ  $16, DI
	CMPQ  DI, R10
	JLT   widen4
	ADDQ  R10, AX
	ADDQ  R10, BX
	ADDQ  R10, CX
	ADDQ  R10, DX
	RUN
	TESTQ $4, R10
	JZ    pair4
	DOT4(0)
	ADDQ  $4, R10
	JZ    next4

	PCALIGN $32

pair4:
	DOT4(0)
	DOT4(1)
	ADDQ $8, R10
	JNZ  pair4

next4:
	TESTQ R8, R8
	JNZ   chunk4
	ADDQ  $16, R12
	DECQ  R15
	JNZ   tap4

finish:
	MOVQ a+0(FP), SI
	MOVQ panel-8(SP), AX
	FINISH4X16(gemmS8_ZeroPoint(SI), gemmS8_Lo(SI), gemmS8_Hi(SI))
	MOVQ gemmS8_YStride(SI), SI
	MOVQ y-32(SP), DI
	MOVQ rows-40(SP), CX
	CMPQ CX, $4
	JLT  part
	CMPQ cols-24(SP), $16
	JLT  part
	LEAQ (SI)(SI*2), DX
	VMOVDQU      X0, (DI)
	VEXTRACTI128 $1, Y0, (DI)(SI*1)
	VMOVDQU      X4, (DI)(SI*2)
	VEXTRACTI128 $1, Y4, (DI)(DX*1)

next:
	LEAQ (DI)(SI*4), DI
	MOVQ DI, y-32(SP)
	SUBQ $4, CX
	MOVQ CX, rows-40(SP)
	JGT  tile

	SUBQ $16, cols-24(SP)
	JLE  done
	ADDQ $16, column-16(SP)
	MOVQ a+0(FP), DI
	MOVQ gemmS8_PanelBytes(DI), AX
	ADDQ AX, panel-8(SP)
	JMP  panel

done:
	VZEROUPPER
	RET

// part stores 1 to 4 rows of 1 to 16 columns.
part:
	VEXTRACTI128 $1, Y0, X1
	VEXTRACTI128 $1, Y4, X5
	MOVQ         CX, DX
	CMPQ         DX, $4
	JLE          rows
	MOVL         $4, DX

rows:
	MOVQ DI, R8
	MOVQ DI, R10

row:
	CMPQ    cols-24(SP), $16
	JLT     less
	VMOVDQU X0, (R10)

up:
	ADDQ    SI, R8
	MOVQ    R8, R10
	VMOVDQA X1, X0
	VMOVDQA X4, X1
	VMOVDQA X5, X4
	DECQ    DX
	JNZ     row
	JMP     next

less:
	MOVQ cols-24(SP), BX
	STORELESS16(X0, R10, BX)
	JMP  up

// The small tiles are the panel's last.
tap2:
	ROW(0, AX)
	ROW(1, BX)
	MOVQ a+0(FP), DI
	MOVQ gemmS8_K(DI), R8

chunk2:
	CHUNK

widen2:
	WIDEN(AX, 0, Y8)
	WIDEN(BX, 1, Y9)
	ADDQ $16, DI
	CMPQ DI, R10
	JLT  widen2
	ADDQ R10, AX
	ADDQ R10, BX
	RUN

pair2:
	DOT2(0)
	ADDQ $4, R10
	JNZ  pair2

	TESTQ R8, R8
	JNZ   chunk2
	ADDQ  $16, R12
	DECQ  R15
	JNZ   tap2
	JMP   finish

tap1:
	ROW(0, AX)
	MOVQ a+0(FP), DI
	MOVQ gemmS8_K(DI), R8

chunk1:
	CHUNK

widen1:
	WIDEN(AX, 0, Y8)
	ADDQ $16, DI
	CMPQ DI, R10
	JLT  widen1
	ADDQ R10, AX
	RUN

pair1:
	WEIGHTS(0)
	DOT(0, 0, Y10, Y12, Y13, Y0, Y1)
	ADDQ $4, R10
	JNZ  pair1

	TESTQ R8, R8
	JNZ   chunk1
	ADDQ  $16, R12
	DECQ  R15
	JNZ   tap1
	JMP   finish
