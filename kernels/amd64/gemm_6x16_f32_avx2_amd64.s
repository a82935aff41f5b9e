#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func Gemm6x16F32AVX2(a *abi.GemmF32)
//
// CPU: AVX2, FMA.
//
//	             n0-7  n8-15    <- Y12, Y13: weights of one k
//	Y14  m0      Y0    Y1       Y14, Y15 hold one element of a row in every lane, row after row
//	Y15  m1      Y2    Y3
//	 ..          ..    ..
//	Y15  m5      Y10   Y11
//
// Panel: [16 bias][taps][K][16]. Rows: 5 left take the 6x16 tile on the repeated offsets and store what there is; 3 or
// 4 take a 4x16 tile, 2 a 2x16 tile. A single row is a matrix times a vector: it takes four panels at a time (1x64), for
// a sum must ascend over k, a fused multiply-add takes four cycles and two start in each. Columns past the last are
// computed on zero weights and cut off by a mask.
//
//	AX BX CX DX SI DI  rows of x + K    R10 k-K    R11 weights    R12 offsets    R13 X+Shift+K    R14 Zero+K
//	R15 taps left            after the taps AX..R10 and R15 are scratch, Y12 Lo, Y13 Hi, then masks of the panel's halves
//	1x64: BX CX DX weights of the second to fourth panel    SI bytes into them    R9 PanelBytes

#define ROW(i, r) \
	MOVLQSX (4*i)(R12), r  \
	TESTQ   r, r           \
	LEAQ    (R13)(r*4), r  \
	CMOVQLT R14, r

#define FMA(r, k, x, c0, c1) \
	VBROADCASTSS k(r)(R10*4), x \
	VFMADD231PS  Y12, x, c0     \
	VFMADD231PS  Y13, x, c1

#define WEIGHTS(w) \
	VMOVUPS w(R11), Y12      \
	VMOVUPS (w+32)(R11), Y13

#define FMA4(k) \
	FMA(AX, k, Y14, Y0, Y1) \
	FMA(BX, k, Y15, Y2, Y3) \
	FMA(CX, k, Y14, Y4, Y5) \
	FMA(DX, k, Y15, Y6, Y7)

#define FMA6(k) \
	FMA4(k)                  \
	FMA(SI, k, Y14, Y8, Y9)  \
	FMA(DI, k, Y15, Y10, Y11)

#define CLAMP2(c0, c1) \
	CLAMP(Y12, Y13, c0) \
	CLAMP(Y12, Y13, c1)

#define LIMITS(a) \
	VBROADCASTSS gemmF32_Lo(a), Y12 \
	VBROADCASTSS gemmF32_Hi(a), Y13

#define PUT(c0, c1) \
	VMASKMOVPS c0, Y12, (DI)    \
	VMASKMOVPS c1, Y13, 32(DI)

TEXT ·Gemm6x16F32AVX2(SB), NOSPLIT, $48-8
	MOVQ a+0(FP), DI
	MOVQ gemmF32_K(DI), AX
	MOVQ gemmF32_Shift(DI), BX
	ADDQ AX, BX
	MOVQ gemmF32_X(DI), R13
	LEAQ (R13)(BX*4), R13
	MOVQ gemmF32_Zero(DI), R14
	LEAQ (R14)(AX*4), R14
	NEGQ AX
	MOVQ AX, k-8(SP)
	MOVQ gemmF32_W(DI), AX
	MOVQ AX, panel-16(SP)
	MOVQ gemmF32_Y(DI), AX
	MOVQ AX, column-24(SP)
	MOVQ gemmF32_Cols(DI), AX
	MOVQ AX, cols-32(SP)

panel:
	MOVQ a+0(FP), DI
	MOVQ column-24(SP), AX
	MOVQ AX, y-40(SP)
	MOVQ gemmF32_Off(DI), R12
	MOVQ gemmF32_Rows(DI), AX
	MOVQ AX, rows-48(SP)

tile:
	MOVQ    a+0(FP), DI
	MOVQ    gemmF32_Taps(DI), R15
	MOVQ    panel-16(SP), R11
	VMOVUPS (R11), Y0
	VMOVUPS 32(R11), Y1
	MOVQ    rows-48(SP), AX
	CMPQ    AX, $1
	JEQ     one
	ADDQ    $64, R11
	VMOVAPS Y0, Y2
	VMOVAPS Y1, Y3
	CMPQ    AX, $2
	JEQ     tap2
	VMOVAPS Y0, Y4
	VMOVAPS Y1, Y5
	VMOVAPS Y0, Y6
	VMOVAPS Y1, Y7
	CMPQ    AX, $4
	JLE     tap4
	VMOVAPS Y0, Y8
	VMOVAPS Y1, Y9
	VMOVAPS Y0, Y10
	VMOVAPS Y1, Y11

tap6:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	ROW(4, SI)
	ROW(5, DI)
	MOVQ  k-8(SP), R10
	TESTQ $1, R10
	JZ    pair6
	WEIGHTS(0)
	FMA6(0)
	ADDQ  $64, R11
	INCQ  R10
	JZ    next6

	PCALIGN $32

pair6:
	WEIGHTS(0)
	FMA6(0)
	WEIGHTS(64)
	FMA6(4)
	SUBQ $-128, R11
	ADDQ $2, R10
	JNZ  pair6

next6:
	ADDQ $24, R12
	DECQ R15
	JNZ  tap6

	MOVQ a+0(FP), SI
	CMPQ gemmF32_Clamp(SI), $0
	JEQ  store6
	LIMITS(SI)
	CLAMP2(Y0, Y1)
	CLAMP2(Y2, Y3)
	CLAMP2(Y4, Y5)
	CLAMP2(Y6, Y7)
	CLAMP2(Y8, Y9)
	CLAMP2(Y10, Y11)

store6:
	MOVQ    gemmF32_YStride(SI), SI
	SHLQ    $2, SI
	MOVQ    y-40(SP), DI
	MOVQ    rows-48(SP), CX
	CMPQ    CX, $6
	JLT     part6
	CMPQ    cols-32(SP), $16
	JLT     part6
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    SI, DI
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	ADDQ    SI, DI
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	ADDQ    SI, DI
	VMOVUPS Y6, (DI)
	VMOVUPS Y7, 32(DI)
	ADDQ    SI, DI
	VMOVUPS Y8, (DI)
	VMOVUPS Y9, 32(DI)
	ADDQ    SI, DI
	VMOVUPS Y10, (DI)
	VMOVUPS Y11, 32(DI)

next:
	ADDQ SI, DI
	MOVQ DI, y-40(SP)
	SUBQ $6, CX
	MOVQ CX, rows-48(SP)
	JGT  tile

endpanel:
	SUBQ $16, cols-32(SP)
	JLE  done
	ADDQ $64, column-24(SP)
	MOVQ a+0(FP), DI
	MOVQ gemmF32_PanelBytes(DI), AX
	ADDQ AX, panel-16(SP)
	JMP  panel

done:
	VZEROUPPER
	RET

// part6 stores 5 or 6 rows of the panel's columns.
part6:
	MOVQ cols-32(SP), AX
	LANEMASKS(AX, BX, DX, Y12, Y13)
	PUT(Y0, Y1)
	ADDQ SI, DI
	PUT(Y2, Y3)
	ADDQ SI, DI
	PUT(Y4, Y5)
	ADDQ SI, DI
	PUT(Y6, Y7)
	ADDQ SI, DI
	PUT(Y8, Y9)
	ADDQ SI, DI
	CMPQ CX, $6
	JLT  next
	PUT(Y10, Y11)
	JMP  next

// The small tiles are the panel's last.
tap4:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	MOVQ  k-8(SP), R10
	TESTQ $1, R10
	JZ    pair4
	WEIGHTS(0)
	FMA4(0)
	ADDQ  $64, R11
	INCQ  R10
	JZ    next4

pair4:
	WEIGHTS(0)
	FMA4(0)
	WEIGHTS(64)
	FMA4(4)
	SUBQ $-128, R11
	ADDQ $2, R10
	JNZ  pair4

next4:
	ADDQ $24, R12
	DECQ R15
	JNZ  tap4
	JMP  finish4

tap2:
	ROW(0, AX)
	ROW(1, BX)
	MOVQ k-8(SP), R10

one2:
	WEIGHTS(0)
	FMA(AX, 0, Y14, Y0, Y1)
	FMA(BX, 0, Y15, Y2, Y3)
	ADDQ $64, R11
	INCQ R10
	JNZ  one2
	ADDQ $24, R12
	DECQ R15
	JNZ  tap2

// finish4 stores the 2 to 4 rows that are left. With 2, the others' lanes hold whatever.
finish4:
	MOVQ a+0(FP), SI
	CMPQ gemmF32_Clamp(SI), $0
	JEQ  store4
	LIMITS(SI)
	CLAMP2(Y0, Y1)
	CLAMP2(Y2, Y3)
	CLAMP2(Y4, Y5)
	CLAMP2(Y6, Y7)

store4:
	MOVQ gemmF32_YStride(SI), SI
	SHLQ $2, SI
	MOVQ y-40(SP), DI
	MOVQ cols-32(SP), AX
	LANEMASKS(AX, BX, DX, Y12, Y13)
	MOVQ rows-48(SP), CX
	PUT(Y0, Y1)
	ADDQ SI, DI
	PUT(Y2, Y3)
	ADDQ SI, DI
	CMPQ CX, $3
	JLT  endpanel
	PUT(Y4, Y5)
	JEQ  endpanel
	ADDQ SI, DI
	PUT(Y6, Y7)
	JMP  endpanel

// one computes a single row's 49 to 64 next columns, or the 16 next ones where fewer are left or other rows went before.
one:
	CMPQ    gemmF32_Rows(DI), $1
	JNE     single
	CMPQ    cols-32(SP), $48
	JLE     single
	MOVQ    gemmF32_PanelBytes(DI), R9
	LEAQ    (R11)(R9*1), BX
	LEAQ    (R11)(R9*2), CX
	LEAQ    (BX)(R9*2), DX
	VMOVUPS (BX), Y2
	VMOVUPS 32(BX), Y3
	VMOVUPS (CX), Y4
	VMOVUPS 32(CX), Y5
	VMOVUPS (DX), Y6
	VMOVUPS 32(DX), Y7
	MOVL    $64, SI

tap1x4:
	ROW(0, AX)
	MOVQ k-8(SP), R10

one1x4:
	VBROADCASTSS (AX)(R10*4), Y14
	VFMADD231PS  (R11)(SI*1), Y14, Y0
	VFMADD231PS  32(R11)(SI*1), Y14, Y1
	VFMADD231PS  (BX)(SI*1), Y14, Y2
	VFMADD231PS  32(BX)(SI*1), Y14, Y3
	VFMADD231PS  (CX)(SI*1), Y14, Y4
	VFMADD231PS  32(CX)(SI*1), Y14, Y5
	VFMADD231PS  (DX)(SI*1), Y14, Y6
	VFMADD231PS  32(DX)(SI*1), Y14, Y7
	ADDQ         $64, SI
	INCQ         R10
	JNZ          one1x4
	ADDQ         $24, R12
	DECQ         R15
	JNZ          tap1x4

	MOVQ a+0(FP), SI
	CMPQ gemmF32_Clamp(SI), $0
	JEQ  store1x4
	LIMITS(SI)
	CLAMP2(Y0, Y1)
	CLAMP2(Y2, Y3)
	CLAMP2(Y4, Y5)
	CLAMP2(Y6, Y7)

store1x4:
	MOVQ    column-24(SP), DI
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VMOVUPS Y4, 128(DI)
	VMOVUPS Y5, 160(DI)
	ADDQ    $192, DI
	MOVQ    DI, column-24(SP)
	MOVQ    cols-32(SP), CX
	SUBQ    $48, CX
	MOVQ    CX, cols-32(SP)
	LANEMASKS(CX, BX, DX, Y12, Y13)
	PUT(Y6, Y7)
	LEAQ    (R9)(R9*2), AX
	ADDQ    AX, panel-16(SP)
	JMP     endpanel

single:
	ADDQ $64, R11

tap1:
	ROW(0, AX)
	MOVQ k-8(SP), R10

one1:
	VBROADCASTSS (AX)(R10*4), Y14
	VFMADD231PS  (R11), Y14, Y0
	VFMADD231PS  32(R11), Y14, Y1
	ADDQ         $64, R11
	INCQ         R10
	JNZ          one1
	ADDQ         $24, R12
	DECQ         R15
	JNZ          tap1

	MOVQ a+0(FP), SI
	CMPQ gemmF32_Clamp(SI), $0
	JEQ  store1
	LIMITS(SI)
	CLAMP2(Y0, Y1)

store1:
	MOVQ y-40(SP), DI
	MOVQ cols-32(SP), AX
	LANEMASKS(AX, BX, DX, Y12, Y13)
	PUT(Y0, Y1)
	JMP  endpanel
