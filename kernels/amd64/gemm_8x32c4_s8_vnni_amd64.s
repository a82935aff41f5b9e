#include "textflag.h"
#include "go_asm.h"
#include "narrow_amd64.h"
#include "rescale_amd64.h"

// func Gemm8x32C4S8VNNI(a *abi.GemmS8)
//
// CPU: AVX512F, BW, VL, DQ, VNNI; BMI2.
//
//	             n0-15  n16-31    <- Z16, Z17: 4 k of each output, 128 bytes of the panel
//	Z18  m0      Z0     Z1        Z18..Z21 hold 4 k of a row in every lane, top bits flipped, row after row
//	Z19  m1      Z2     Z3
//	 ..          ..     ..
//	Z21  m7      Z14    Z15
//
// The panel is described in gemm_s8_amd64.go. Rows: 5 to 7 left take the 8x32 tile (8x16 where no more than 16 columns are left) on the repeated offsets and store
// what there is; 3 or 4 take a 4x32 tile; 2 a 2x32 tile with two chains for each output, 1 a 1x32 tile with four: a
// dot product takes four cycles and two start in each, so there must be eight chains. Columns past the last are
// computed on zero weights and cut off by a mask. K%8, K%16: steps of 4 k.
//
//	AX BX CX DX SI DI R8 R9  rows of x + K    R10 k-K    R11 weights    R12 offsets    R13 X+Shift+K    R14 Zero+K
//	R15 taps left            after the taps AX..R15 are scratch
//	Z18-Z23 constants of a half    Z24-Z26 scratch    Z27 Hi    Z28 Lo    Z29 ZeroPoint    Z30 transposition    Z31 bytes of 0x80
//	K1 columns of the panel    K2 as RESCALE takes it    K3 K4 scratch

// 1 in the high dword.
DATA one<>(SB)/8, $0x0000000100000000
GLOBL one<>(SB), RODATA|NOPTR, $8

// ROW turns the i-th offset of the tap into the address behind the row's K bytes, or behind those of the row of zeros.
#define ROW(i, r) \
	MOVLQSX (4*i)(R12), r  \
	TESTQ   r, r           \
	LEAQ    (R13)(r*1), r  \
	CMOVQLT R14, r

// DOT adds 4 k of a row to 32 outputs.
#define DOT(r, k, x, c0, c1) \
	VPXORD.BCST k(r)(R10*1), Z31, x \
	VPDPBUSD    Z16, x, c0          \
	VPDPBUSD    Z17, x, c1

#define WEIGHTS(w) \
	VMOVDQU32 w(R11), Z16      \
	VMOVDQU32 (w+64)(R11), Z17

#define DOT4(k) \
	DOT(AX, k, Z18, Z0, Z1) \
	DOT(BX, k, Z19, Z2, Z3) \
	DOT(CX, k, Z20, Z4, Z5) \
	DOT(DX, k, Z21, Z6, Z7)

#define DOT8(k) \
	DOT4(k)                   \
	DOT(SI, k, Z18, Z8, Z9)   \
	DOT(DI, k, Z19, Z10, Z11) \
	DOT(R8, k, Z20, Z12, Z13) \
	DOT(R9, k, Z21, Z14, Z15)

// DOTHALF adds 4 k of a row to 16 outputs.
#define DOTHALF(r, k, x, c0) \
	VPXORD.BCST k(r)(R10*1), Z31, x \
	VPDPBUSD    Z16, x, c0

#define DOTHALF8(k) \
	DOTHALF(AX, k, Z18, Z0)  \
	DOTHALF(BX, k, Z19, Z2)  \
	DOTHALF(CX, k, Z20, Z4)  \
	DOTHALF(DX, k, Z21, Z6)  \
	DOTHALF(SI, k, Z18, Z8)  \
	DOTHALF(DI, k, Z19, Z10) \
	DOTHALF(R8, k, Z20, Z12) \
	DOTHALF(R9, k, Z21, Z14)

// DOT1 is DOT with the weights taken from memory: there is no second row to use them.
#define DOT1(k, w, x, c0, c1) \
	VPXORD.BCST k(AX)(R10*1), Z31, x  \
	VPDPBUSD    w(R11), x, c0         \
	VPDPBUSD    (w+64)(R11), x, c1

// HALF loads the constants of half h of the panel at AX; see gemm_s8_amd64.go.
#define HALF(h) \
	VMOVDQU32 (128+384*h+const_mulEven)(AX), Z18 \
	VMOVDQU32 (128+384*h+const_mulOdd)(AX), Z19  \
	VMOVDQU32 (128+384*h+const_addEven)(AX), Z20 \
	VMOVDQU32 (128+384*h+const_addOdd)(AX), Z21  \
	VMOVDQU32 (128+384*h+const_signS8)(AX), Z22  \
	VMOVDQU32 (128+384*h+const_expS8)(AX), Z23

// FINISH turns 16 accumulators into codes less the zero point.
#define FINISH(c) RESCALE(c, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26)

// HALFRELU and FINISHRELU do without RESCALE's term for the sign, as if no accumulator were negative. A negative x gives
// at most 0 all the same, for e > 0 and x·m + 2^30 + 2^(30+e) < 2^(31+e); so does the right form, and a clamp that begins at
// the zero point or above makes the two equal. Panels with an e of 0 and other clamps take FINISH.
#define HALFRELU(h) \
	HALF(h)                              \
	VPBROADCASTQ one<>(SB), Z22          \
	VPADDQ       Z22, Z20, Z20           \
	VPADDQ       Z22, Z21, Z21

#define FINISHRELU(c) \
	VPSRLQ    $32, c, Z24   \
	VPMULUDQ  c, Z18, Z25   \
	VPMULUDQ  Z24, Z19, Z26 \
	VPADDQ    Z20, Z25, Z25 \
	VPADDQ    Z21, Z26, Z26 \
	VMOVSHDUP Z25, K2, Z26  \
	VPSRAVD   Z23, Z26, c

// NARROW makes c0 the 32 bytes of one row and the 32 of the next.
#define NARROW(c0, c1, c2, c3) \
	VPACKSSDW c1, c0, c0  \
	VPACKSSDW c3, c2, c2  \
	VPADDSW   Z29, c0, c0 \
	VPADDSW   Z29, c2, c2 \
	VPACKSSWB c2, c0, c0  \
	VPERMD    c0, Z30, c0 \
	VPMAXSB   Z28, c0, c0 \
	VPMINSB   Z27, c0, c0

TEXT ·Gemm8x32C4S8VNNI(SB), NOSPLIT, $64-8
	MOVQ         a+0(FP), DI
	VMOVDQU32    transpose<>(SB), Z30
	MOVL         $0x80808080, AX
	VPBROADCASTD AX, Z31
	VPBROADCASTW gemmS8_ZeroPoint(DI), Z29
	VPBROADCASTB gemmS8_Lo(DI), Z28
	VPBROADCASTB gemmS8_Hi(DI), Z27
	MOVL         $0x5555, AX
	KMOVW        AX, K2
	MOVQ         gemmS8_K(DI), AX
	MOVQ         gemmS8_X(DI), R13
	ADDQ         gemmS8_Shift(DI), R13
	ADDQ         AX, R13
	MOVQ         gemmS8_Zero(DI), R14
	ADDQ         AX, R14
	NEGQ         AX
	MOVQ         AX, k-8(SP)
	MOVQ         gemmS8_W(DI), AX
	MOVQ         AX, panel-16(SP)
	MOVQ         gemmS8_Y(DI), AX
	MOVQ         AX, column-24(SP)
	MOVQ         gemmS8_Cols(DI), AX
	MOVQ         AX, cols-32(SP)

panel:
	MOVQ         panel-16(SP), AX
	MOVL         $31, CX
	VPBROADCASTD CX, Z16
	VPCMPEQD     (128+const_signS8)(AX), Z16, K3
	VPCMPEQD     (128+384+const_signS8)(AX), Z16, K4
	KANDW        K3, K4, K3
	KMOVW        K3, CX
	MOVQ         a+0(FP), DI
	MOVL         gemmS8_Lo(DI), DX
	XORL         AX, AX
	XORL         BX, BX
	CMPL         DX, gemmS8_ZeroPoint(DI)
	SETGE        AX
	CMPL         CX, $0xffff
	CMOVLNE      BX, AX
	MOVQ         AX, relu-56(SP)
	MOVQ         cols-32(SP), AX
	MOVL         $32, CX
	CMPQ         AX, CX
	CMOVQLT      AX, CX
	MOVL         $-1, AX
	BZHIL        CX, AX, AX
	KMOVD        AX, K1
	MOVQ         column-24(SP), AX
	MOVQ         AX, y-40(SP)
	MOVQ         gemmS8_Off(DI), R12
	MOVQ         gemmS8_Rows(DI), AX
	MOVQ         AX, rows-48(SP)

tile:
	MOVQ      a+0(FP), DI
	MOVQ      gemmS8_Taps(DI), R15
	MOVQ      panel-16(SP), R11
	VMOVDQU32 (R11), Z0
	VMOVDQU32 64(R11), Z1
	ADDQ      $const_headS8, R11
	MOVQ      rows-48(SP), AX
	CMPQ      AX, $4
	JLE       small
	CMPQ      cols-32(SP), $16
	JLE       half
	VMOVDQA32 Z0, Z2
	VMOVDQA32 Z1, Z3
	VMOVDQA32 Z0, Z4
	VMOVDQA32 Z1, Z5
	VMOVDQA32 Z0, Z6
	VMOVDQA32 Z1, Z7
	VMOVDQA32 Z0, Z8
	VMOVDQA32 Z1, Z9
	VMOVDQA32 Z0, Z10
	VMOVDQA32 Z1, Z11
	VMOVDQA32 Z0, Z12
	VMOVDQA32 Z1, Z13
	VMOVDQA32 Z0, Z14
	VMOVDQA32 Z1, Z15

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
	TESTQ $4, R10
	JZ    pair8
	WEIGHTS(0)
	DOT8(0)
	ADDQ  $128, R11
	ADDQ  $4, R10
	JZ    next8

	PCALIGN $32

pair8:
	WEIGHTS(0)
	DOT8(0)
	WEIGHTS(128)
	DOT8(4)
	ADDQ $256, R11
	ADDQ $8, R10
	JNZ  pair8

next8:
	ADDQ $32, R12
	DECQ R15
	JNZ  tap8

	MOVQ panel-16(SP), AX
	CMPQ relu-56(SP), $0
	JNE  relu8
	HALF(0)
	FINISH(Z0)
	FINISH(Z2)
	FINISH(Z4)
	FINISH(Z6)
	FINISH(Z8)
	FINISH(Z10)
	FINISH(Z12)
	FINISH(Z14)
	HALF(1)
	FINISH(Z1)
	FINISH(Z3)
	FINISH(Z5)
	FINISH(Z7)
	FINISH(Z9)
	FINISH(Z11)
	FINISH(Z13)
	FINISH(Z15)

narrow8:
	NARROW(Z0, Z1, Z2, Z3)
	NARROW(Z4, Z5, Z6, Z7)
	NARROW(Z8, Z9, Z10, Z11)
	NARROW(Z12, Z13, Z14, Z15)

	MOVQ a+0(FP), SI
	MOVQ gemmS8_YStride(SI), SI
	MOVQ y-40(SP), DI
	MOVQ rows-48(SP), CX
	LEAQ (SI)(SI*2), DX
	LEAQ (DI)(SI*4), R8
	CMPQ CX, $8
	JLT  part8
	CMPQ cols-32(SP), $32
	JLT  part8
	VMOVDQU       Y0, (DI)
	VEXTRACTI64X4 $1, Z0, (DI)(SI*1)
	VMOVDQU       Y4, (DI)(SI*2)
	VEXTRACTI64X4 $1, Z4, (DI)(DX*1)
	VMOVDQU       Y8, (R8)
	VEXTRACTI64X4 $1, Z8, (R8)(SI*1)
	VMOVDQU       Y12, (R8)(SI*2)
	VEXTRACTI64X4 $1, Z12, (R8)(DX*1)

next:
	LEAQ (R8)(SI*4), R8
	MOVQ R8, y-40(SP)
	SUBQ $8, CX
	MOVQ CX, rows-48(SP)
	JGT  tile

endpanel:
	SUBQ $32, cols-32(SP)
	JLE  done
	ADDQ $32, column-24(SP)
	MOVQ a+0(FP), DI
	MOVQ gemmS8_PanelBytes(DI), AX
	ADDQ AX, panel-16(SP)
	JMP  panel

done:
	VZEROUPPER
	RET

relu8:
	HALFRELU(0)
	FINISHRELU(Z0)
	FINISHRELU(Z2)
	FINISHRELU(Z4)
	FINISHRELU(Z6)
	FINISHRELU(Z8)
	FINISHRELU(Z10)
	FINISHRELU(Z12)
	FINISHRELU(Z14)
	HALFRELU(1)
	FINISHRELU(Z1)
	FINISHRELU(Z3)
	FINISHRELU(Z5)
	FINISHRELU(Z7)
	FINISHRELU(Z9)
	FINISHRELU(Z11)
	FINISHRELU(Z13)
	FINISHRELU(Z15)
	JMP narrow8

// half computes 5 to 8 rows of a panel that has no more than 16 columns left: an 8x16 tile.
half:
	VMOVDQA32 Z0, Z2
	VMOVDQA32 Z0, Z4
	VMOVDQA32 Z0, Z6
	VMOVDQA32 Z0, Z8
	VMOVDQA32 Z0, Z10
	VMOVDQA32 Z0, Z12
	VMOVDQA32 Z0, Z14

taphalf:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	ROW(4, SI)
	ROW(5, DI)
	ROW(6, R8)
	ROW(7, R9)
	MOVQ      k-8(SP), R10
	TESTQ     $4, R10
	JZ        pairhalf
	VMOVDQU32 (R11), Z16
	DOTHALF8(0)
	ADDQ      $128, R11
	ADDQ      $4, R10
	JZ        nexthalf

pairhalf:
	VMOVDQU32 (R11), Z16
	DOTHALF8(0)
	VMOVDQU32 128(R11), Z16
	DOTHALF8(4)
	ADDQ      $256, R11
	ADDQ      $8, R10
	JNZ       pairhalf

nexthalf:
	ADDQ $32, R12
	DECQ R15
	JNZ  taphalf

	// What the odd registers hold is cut off by the mask.
	MOVQ panel-16(SP), AX
	CMPQ relu-56(SP), $0
	JNE  reluhalf
	HALF(0)
	FINISH(Z0)
	FINISH(Z2)
	FINISH(Z4)
	FINISH(Z6)
	FINISH(Z8)
	FINISH(Z10)
	FINISH(Z12)
	FINISH(Z14)
	JMP  narrow8

reluhalf:
	HALFRELU(0)
	FINISHRELU(Z0)
	FINISHRELU(Z2)
	FINISHRELU(Z4)
	FINISHRELU(Z6)
	FINISHRELU(Z8)
	FINISHRELU(Z10)
	FINISHRELU(Z12)
	FINISHRELU(Z14)
	JMP narrow8

// part8 stores 5 to 8 rows of the panel's columns.
part8:
	VEXTRACTI64X4 $1, Z0, Y1
	VEXTRACTI64X4 $1, Z4, Y5
	VEXTRACTI64X4 $1, Z8, Y9
	VEXTRACTI64X4 $1, Z12, Y13
	VMOVDQU8      Y0, K1, (DI)
	VMOVDQU8      Y1, K1, (DI)(SI*1)
	VMOVDQU8      Y4, K1, (DI)(SI*2)
	VMOVDQU8      Y5, K1, (DI)(DX*1)
	VMOVDQU8      Y8, K1, (R8)
	CMPQ          CX, $6
	JLT           next
	VMOVDQU8      Y9, K1, (R8)(SI*1)
	JEQ           next
	VMOVDQU8      Y12, K1, (R8)(SI*2)
	CMPQ          CX, $7
	JEQ           next
	VMOVDQU8      Y13, K1, (R8)(DX*1)
	JMP           next

// The small tiles are the panel's last.
small:
	CMPQ      AX, $2
	JLE       two
	VMOVDQA32 Z0, Z2
	VMOVDQA32 Z1, Z3
	VMOVDQA32 Z0, Z4
	VMOVDQA32 Z1, Z5
	VMOVDQA32 Z0, Z6
	VMOVDQA32 Z1, Z7

tap4:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	MOVQ  k-8(SP), R10
	TESTQ $4, R10
	JZ    pair4
	WEIGHTS(0)
	DOT4(0)
	ADDQ  $128, R11
	ADDQ  $4, R10
	JZ    next4

pair4:
	WEIGHTS(0)
	DOT4(0)
	WEIGHTS(128)
	DOT4(4)
	ADDQ $256, R11
	ADDQ $8, R10
	JNZ  pair4

next4:
	ADDQ $32, R12
	DECQ R15
	JNZ  tap4
	JMP  finish4

two:
	VPXORD    Z2, Z2, Z2
	VPXORD    Z3, Z3, Z3
	VPXORD    Z4, Z4, Z4
	VPXORD    Z5, Z5, Z5
	VPXORD    Z6, Z6, Z6
	VPXORD    Z7, Z7, Z7
	JLT       tap1
	VMOVDQA32 Z0, Z2
	VMOVDQA32 Z1, Z3

tap2:
	ROW(0, AX)
	ROW(1, BX)
	MOVQ  k-8(SP), R10
	TESTQ $4, R10
	JZ    pair2
	WEIGHTS(0)
	DOT(AX, 0, Z18, Z0, Z1)
	DOT(BX, 0, Z19, Z2, Z3)
	ADDQ  $128, R11
	ADDQ  $4, R10
	JZ    next2

pair2:
	WEIGHTS(0)
	DOT(AX, 0, Z18, Z0, Z1)
	DOT(BX, 0, Z19, Z2, Z3)
	WEIGHTS(128)
	DOT(AX, 4, Z20, Z4, Z5)
	DOT(BX, 4, Z21, Z6, Z7)
	ADDQ $256, R11
	ADDQ $8, R10
	JNZ  pair2

next2:
	ADDQ   $32, R12
	DECQ   R15
	JNZ    tap2
	VPADDD Z4, Z0, Z0
	VPADDD Z5, Z1, Z1
	VPADDD Z6, Z2, Z2
	VPADDD Z7, Z3, Z3
	JMP    finish4

tap1:
	ROW(0, AX)
	MOVQ k-8(SP), R10
	JMP  rest1

one1:
	DOT1(0, 0, Z18, Z0, Z1)
	ADDQ $128, R11
	ADDQ $4, R10

rest1:
	TESTQ $12, R10
	JNZ   one1
	TESTQ R10, R10
	JZ    next1

four1:
	DOT1(0, 0, Z18, Z0, Z1)
	DOT1(4, 128, Z19, Z2, Z3)
	DOT1(8, 256, Z20, Z4, Z5)
	DOT1(12, 384, Z21, Z6, Z7)
	ADDQ $512, R11
	ADDQ $16, R10
	JNZ  four1

next1:
	ADDQ   $32, R12
	DECQ   R15
	JNZ    tap1
	VPADDD Z2, Z0, Z0
	VPADDD Z3, Z1, Z1
	VPADDD Z4, Z6, Z4
	VPADDD Z5, Z7, Z5
	VPADDD Z4, Z0, Z0
	VPADDD Z5, Z1, Z1

// finish4 rescales and stores the 1 to 4 rows that are left. With fewer than three, the others' lanes hold whatever.
finish4:
	MOVQ panel-16(SP), AX
	HALF(0)
	FINISH(Z0)
	FINISH(Z2)
	FINISH(Z4)
	FINISH(Z6)
	HALF(1)
	FINISH(Z1)
	FINISH(Z3)
	FINISH(Z5)
	FINISH(Z7)
	NARROW(Z0, Z1, Z2, Z3)
	NARROW(Z4, Z5, Z6, Z7)
	VEXTRACTI64X4 $1, Z0, Y1
	VEXTRACTI64X4 $1, Z4, Y5
	MOVQ          a+0(FP), SI
	MOVQ          gemmS8_YStride(SI), SI
	MOVQ          y-40(SP), DI
	MOVQ          rows-48(SP), CX
	VMOVDQU8      Y0, K1, (DI)
	CMPQ          CX, $2
	JLT           endpanel
	VMOVDQU8      Y1, K1, (DI)(SI*1)
	JEQ           endpanel
	LEAQ          (DI)(SI*2), DI
	VMOVDQU8      Y4, K1, (DI)
	CMPQ          CX, $3
	JEQ           endpanel
	VMOVDQU8      Y5, K1, (DI)(SI*1)
	JMP           endpanel
