#include "textflag.h"
#include "go_asm.h"
#include "clamp_amd64.h"

// func Gemm8x32F32AVX512(a *abi.GemmF32)
//
// CPU: AVX512F, VL; BMI2.
//
//	             n0-15  n16-31    <- Z16, Z17: weights of one k
//	Z18  m0      Z0     Z1        Z18..Z21 hold one element of a row in every lane, row after row
//	Z19  m1      Z2     Z3
//	 ..          ..     ..
//	Z21  m7      Z14    Z15
//
// Panel: [32 bias][taps][K][32]. Rows: 5 to 7 left take the 8x32 tile on the repeated offsets and store what there
// is; 3 or 4 take a 4x32 tile, 2 a 2x32 tile. A single row is a matrix times a vector: it takes four panels at a time
// (1x128), for a sum must ascend over k, a fused multiply-add takes four cycles and two start in each. Columns past
// the last are computed on zero weights and cut off by a mask.
//
//	AX BX CX DX SI DI R8 R9  rows of x + K    R10 k-K    R11 weights    R12 offsets    R13 X+Shift+K    R14 Zero+K
//	R15 taps left            after the taps AX..R15 are scratch
//	1x128: BX CX DX weights of the second to fourth panel    R9 PanelBytes
//	Z29 Lo    Z30 Hi    K1, K2 columns of the panel's halves    K3 all lanes where there is a clamp

#define ROW(i, r) \
	MOVLQSX (4*i)(R12), r  \
	TESTQ   r, r           \
	LEAQ    (R13)(r*4), r  \
	CMOVQLT R14, r

#define FMA(r, k, x, c0, c1) \
	VBROADCASTSS k(r)(R10*4), x \
	VFMADD231PS  Z16, x, c0     \
	VFMADD231PS  Z17, x, c1

#define WEIGHTS(w) \
	VMOVUPS w(R11), Z16      \
	VMOVUPS (w+64)(R11), Z17

#define FMA4(k) \
	FMA(AX, k, Z18, Z0, Z1) \
	FMA(BX, k, Z19, Z2, Z3) \
	FMA(CX, k, Z20, Z4, Z5) \
	FMA(DX, k, Z21, Z6, Z7)

#define FMA8(k) \
	FMA4(k)                   \
	FMA(SI, k, Z18, Z8, Z9)   \
	FMA(DI, k, Z19, Z10, Z11) \
	FMA(R8, k, Z20, Z12, Z13) \
	FMA(R9, k, Z21, Z14, Z15)

#define CLAMP4(c0, c1, c2, c3) \
	CLAMP(Z29, Z30, K3, c0) \
	CLAMP(Z29, Z30, K3, c1) \
	CLAMP(Z29, Z30, K3, c2) \
	CLAMP(Z29, Z30, K3, c3)

// MASK sets K1 and K2 for n of the panel's columns; it clobbers n and t.
#define MASK(n, t) \
	MOVL   $-1, t    \
	BZHIL  n, t, t   \
	KMOVW  t, K1     \
	SHRL   $16, t    \
	KMOVW  t, K2

TEXT ·Gemm8x32F32AVX512(SB), NOSPLIT, $64-8
	MOVQ         a+0(FP), DI
	VBROADCASTSS gemmF32_Lo(DI), Z29
	VBROADCASTSS gemmF32_Hi(DI), Z30
	CLAMPMASK(gemmF32_Clamp(DI), K3)
	MOVQ         gemmF32_K(DI), AX
	MOVQ         gemmF32_Shift(DI), BX
	ADDQ         AX, BX
	MOVQ         gemmF32_X(DI), R13
	LEAQ         (R13)(BX*4), R13
	MOVQ         gemmF32_Zero(DI), R14
	LEAQ         (R14)(AX*4), R14
	NEGQ         AX
	MOVQ         AX, k-8(SP)
	MOVQ         gemmF32_W(DI), AX
	MOVQ         AX, panel-16(SP)
	MOVQ         gemmF32_Y(DI), AX
	MOVQ         AX, column-24(SP)
	MOVQ         gemmF32_Cols(DI), AX
	MOVQ         AX, cols-32(SP)

panel:
	MOVQ    cols-32(SP), AX
	MOVL    $32, CX
	CMPQ    AX, CX
	CMOVQLT AX, CX
	MASK(CX, AX)
	MOVQ    column-24(SP), AX
	MOVQ    AX, y-40(SP)
	MOVQ    a+0(FP), DI
	MOVQ    gemmF32_Off(DI), R12
	MOVQ    gemmF32_Rows(DI), AX
	MOVQ    AX, rows-48(SP)

tile:
	MOVQ    a+0(FP), DI
	MOVQ    gemmF32_Taps(DI), R15
	MOVQ    panel-16(SP), R11
	VMOVUPS (R11), Z0
	VMOVUPS 64(R11), Z1
	MOVQ    rows-48(SP), AX
	CMPQ    AX, $1
	JEQ     one
	SUBQ    $-128, R11
	VMOVAPS Z0, Z2
	VMOVAPS Z1, Z3
	CMPQ    AX, $2
	JEQ     tap2
	VMOVAPS Z0, Z4
	VMOVAPS Z1, Z5
	VMOVAPS Z0, Z6
	VMOVAPS Z1, Z7
	CMPQ    AX, $4
	JLE     tap4
	VMOVAPS Z0, Z8
	VMOVAPS Z1, Z9
	VMOVAPS Z0, Z10
	VMOVAPS Z1, Z11
	VMOVAPS Z0, Z12
	VMOVAPS Z1, Z13
	VMOVAPS Z0, Z14
	VMOVAPS Z1, Z15

tap8:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	ROW(4, SI)
	ROW(5, DI)
	ROW(6, R8)
	ROW(7, R9)
	MOVQ  k-8(SP), R10
	TESTQ $1, R10
	JZ    pair8
	WEIGHTS(0)
	FMA8(0)
	SUBQ  $-128, R11
	INCQ  R10
	JZ    next8

	PCALIGN $32

pair8:
	WEIGHTS(0)
	FMA8(0)
	WEIGHTS(128)
	FMA8(4)
	ADDQ $256, R11
	ADDQ $2, R10
	JNZ  pair8

next8:
	ADDQ $32, R12
	DECQ R15
	JNZ  tap8

	MOVQ a+0(FP), AX
	CLAMP4(Z0, Z1, Z2, Z3)
	CLAMP4(Z4, Z5, Z6, Z7)
	CLAMP4(Z8, Z9, Z10, Z11)
	CLAMP4(Z12, Z13, Z14, Z15)

	MOVQ    gemmF32_YStride(AX), SI
	SHLQ    $2, SI
	MOVQ    y-40(SP), DI
	MOVQ    rows-48(SP), CX
	LEAQ    (SI)(SI*2), DX
	LEAQ    (DI)(SI*4), R8
	CMPQ    CX, $8
	JLT     part8
	CMPQ    cols-32(SP), $32
	JLT     part8
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, (DI)(SI*1)
	VMOVUPS Z3, 64(DI)(SI*1)
	VMOVUPS Z4, (DI)(SI*2)
	VMOVUPS Z5, 64(DI)(SI*2)
	VMOVUPS Z6, (DI)(DX*1)
	VMOVUPS Z7, 64(DI)(DX*1)
	VMOVUPS Z8, (R8)
	VMOVUPS Z9, 64(R8)
	VMOVUPS Z10, (R8)(SI*1)
	VMOVUPS Z11, 64(R8)(SI*1)
	VMOVUPS Z12, (R8)(SI*2)
	VMOVUPS Z13, 64(R8)(SI*2)
	VMOVUPS Z14, (R8)(DX*1)
	VMOVUPS Z15, 64(R8)(DX*1)

next:
	LEAQ (R8)(SI*4), R8
	MOVQ R8, y-40(SP)
	SUBQ $8, CX
	MOVQ CX, rows-48(SP)
	JGT  tile

endpanel:
	SUBQ $32, cols-32(SP)
	JLE  done
	SUBQ $-128, column-24(SP)
	MOVQ a+0(FP), DI
	MOVQ gemmF32_PanelBytes(DI), AX
	ADDQ AX, panel-16(SP)
	JMP  panel

done:
	VZEROUPPER
	RET

// part8 stores 5 to 8 rows of the panel's columns.
part8:
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K2, 64(DI)
	VMOVUPS Z2, K1, (DI)(SI*1)
	VMOVUPS Z3, K2, 64(DI)(SI*1)
	VMOVUPS Z4, K1, (DI)(SI*2)
	VMOVUPS Z5, K2, 64(DI)(SI*2)
	VMOVUPS Z6, K1, (DI)(DX*1)
	VMOVUPS Z7, K2, 64(DI)(DX*1)
	VMOVUPS Z8, K1, (R8)
	VMOVUPS Z9, K2, 64(R8)
	CMPQ    CX, $6
	JLT     next
	VMOVUPS Z10, K1, (R8)(SI*1)
	VMOVUPS Z11, K2, 64(R8)(SI*1)
	JEQ     next
	VMOVUPS Z12, K1, (R8)(SI*2)
	VMOVUPS Z13, K2, 64(R8)(SI*2)
	CMPQ    CX, $7
	JEQ     next
	VMOVUPS Z14, K1, (R8)(DX*1)
	VMOVUPS Z15, K2, 64(R8)(DX*1)
	JMP     next

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
	SUBQ  $-128, R11
	INCQ  R10
	JZ    next4

pair4:
	WEIGHTS(0)
	FMA4(0)
	WEIGHTS(128)
	FMA4(4)
	ADDQ $256, R11
	ADDQ $2, R10
	JNZ  pair4

next4:
	ADDQ $32, R12
	DECQ R15
	JNZ  tap4
	JMP  finish4

tap2:
	ROW(0, AX)
	ROW(1, BX)
	MOVQ k-8(SP), R10

one2:
	WEIGHTS(0)
	FMA(AX, 0, Z18, Z0, Z1)
	FMA(BX, 0, Z19, Z2, Z3)
	SUBQ $-128, R11
	INCQ R10
	JNZ  one2
	ADDQ $32, R12
	DECQ R15
	JNZ  tap2

finish4:
	MOVQ a+0(FP), AX
	CLAMP4(Z0, Z1, Z2, Z3)
	CLAMP4(Z4, Z5, Z6, Z7)

	MOVQ    gemmF32_YStride(AX), SI
	MOVQ    y-40(SP), DI
	MOVQ    rows-48(SP), CX
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K2, 64(DI)
	LEAQ    (DI)(SI*4), DI
	VMOVUPS Z2, K1, (DI)
	VMOVUPS Z3, K2, 64(DI)
	LEAQ    (DI)(SI*4), DI
	CMPQ    CX, $3
	JLT     endpanel
	VMOVUPS Z4, K1, (DI)
	VMOVUPS Z5, K2, 64(DI)
	JEQ     endpanel
	LEAQ    (DI)(SI*4), DI
	VMOVUPS Z6, K1, (DI)
	VMOVUPS Z7, K2, 64(DI)
	JMP     endpanel

// one computes a single row's 97 to 128 next columns, or the 32 next ones where fewer are left or other rows went before.
one:
	CMPQ    gemmF32_Rows(DI), $1
	JNE     single
	CMPQ    cols-32(SP), $96
	JLE     single
	MOVQ    gemmF32_PanelBytes(DI), R9
	LEAQ    (R11)(R9*1), BX
	LEAQ    (R11)(R9*2), CX
	LEAQ    (BX)(R9*2), DX
	VMOVUPS (BX), Z2
	VMOVUPS 64(BX), Z3
	VMOVUPS (CX), Z4
	VMOVUPS 64(CX), Z5
	VMOVUPS (DX), Z6
	VMOVUPS 64(DX), Z7
	MOVL    $128, SI

tap1x4:
	ROW(0, AX)
	MOVQ k-8(SP), R10

one1x4:
	VBROADCASTSS (AX)(R10*4), Z18
	VFMADD231PS  (R11)(SI*1), Z18, Z0
	VFMADD231PS  64(R11)(SI*1), Z18, Z1
	VFMADD231PS  (BX)(SI*1), Z18, Z2
	VFMADD231PS  64(BX)(SI*1), Z18, Z3
	VFMADD231PS  (CX)(SI*1), Z18, Z4
	VFMADD231PS  64(CX)(SI*1), Z18, Z5
	VFMADD231PS  (DX)(SI*1), Z18, Z6
	VFMADD231PS  64(DX)(SI*1), Z18, Z7
	SUBQ         $-128, SI
	INCQ         R10
	JNZ          one1x4
	ADDQ         $32, R12
	DECQ         R15
	JNZ          tap1x4

	CLAMP4(Z0, Z1, Z2, Z3)
	CLAMP4(Z4, Z5, Z6, Z7)

	MOVQ    column-24(SP), DI
	MOVQ    cols-32(SP), CX
	SUBQ    $96, CX
	MOVL    $32, AX
	CMPQ    CX, AX
	CMOVQGT AX, CX
	MASK(CX, AX)
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	VMOVUPS Z4, 256(DI)
	VMOVUPS Z5, 320(DI)
	VMOVUPS Z6, K1, 384(DI)
	VMOVUPS Z7, K2, 448(DI)
	ADDQ    $384, column-24(SP)
	SUBQ    $96, cols-32(SP)
	LEAQ    (R9)(R9*2), AX
	ADDQ    AX, panel-16(SP)
	JMP     endpanel

single:
	SUBQ $-128, R11

tap1:
	ROW(0, AX)
	MOVQ k-8(SP), R10

one1:
	VBROADCASTSS (AX)(R10*4), Z18
	VFMADD231PS  (R11), Z18, Z0
	VFMADD231PS  64(R11), Z18, Z1
	SUBQ         $-128, R11
	INCQ         R10
	JNZ          one1
	ADDQ         $32, R12
	DECQ         R15
	JNZ          tap1

	CLAMP(Z29, Z30, K3, Z0)
	CLAMP(Z29, Z30, K3, Z1)

	MOVQ    y-40(SP), DI
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K2, 64(DI)
	JMP     endpanel
