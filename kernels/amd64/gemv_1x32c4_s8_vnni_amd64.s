#include "textflag.h"
#include "go_asm.h"

// func Gemv1x32C4S8VNNI(a *abi.GemvS8)
//
// CPU: AVX512F, BW, VL, DQ, VNNI.
//
// 32 outputs in two accumulators, four times over: a dot product takes four cycles and two start in each. K%16: steps of 4.
//
//	SI x + K    DX k − K    R8 weights    DI y    CX panels left    R9 K    AX panel    R10 rows left    R11 XStride    R12 YStride
//	R13, R14 SI, DI of the first row
//	Z0-Z7 chains    Z18-Z21 4 k of x, top bits flipped    Z31 bytes of 0x80
//	Z16 2^30 as int64    Z17 −1    K2 odd lanes    Z24-Z28 scratch

#define DOT(k, w, x, c0, c1) \
	VPXORD.BCST k(SI)(DX*1), Z31, x  \
	VPDPBUSD    w(R8), x, c0         \
	VPDPBUSD    (w+64)(R8), x, c1

// RESCALE makes 16 sums with the constants at off(AX) what fixed.MBQM makes of them: the shift to the left, the high half of
// twice the product rounded, for even and odd lanes apart, and the shift to the right, which rounds halves away from zero: one
// more where the bits shifted out pass half their mask, or, below zero, that and one.
#define RESCALE(c, off) \
	VPADDD    off(AX), c, c            \
	VMOVDQU32 (off+256)(AX), Z24       \
	VPSLLVD   Z24, c, c                \
	VMOVDQU32 (off+128)(AX), Z24       \
	VPMULDQ   Z24, c, Z25              \
	VPSRLQ    $32, Z24, Z24            \
	VPSRLQ    $32, c, Z26              \
	VPMULDQ   Z24, Z26, Z26            \
	VPADDQ    Z16, Z25, Z25            \
	VPADDQ    Z16, Z26, Z26            \
	VPSRLQ    $31, Z25, c              \
	VPSLLQ    $1, Z26, Z26             \
	VMOVDQA32 Z26, K2, c               \
	VMOVDQU32 (off+384)(AX), Z24       \
	VPSLLVD   Z24, Z17, Z25            \
	VPANDND   c, Z25, Z26              \
	VPXORD    Z17, Z25, Z25            \
	VPSRLD    $1, Z25, Z25             \
	VPSRAD    $31, c, Z27              \
	VPSUBD    Z27, Z25, Z25            \
	VPCMPGTD  Z25, Z26, K3             \
	VPSRAVD   Z24, c, c                \
	VPSUBD    Z17, c, K3, c

TEXT ·Gemv1x32C4S8VNNI(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), BX
	MOVQ         gemvS8_X(BX), SI
	MOVQ         gemvS8_K(BX), R9
	ADDQ         R9, SI
	MOVQ         gemvS8_W(BX), AX
	MOVQ         gemvS8_Y(BX), DI
	MOVQ         gemvS8_Panels(BX), CX
	MOVQ         gemvS8_XStride(BX), R11
	MOVQ         gemvS8_YStride(BX), R12
	ADDQ         R12, R12
	MOVL         $0x80808080, DX
	VPBROADCASTD DX, Z31
	MOVQ         $0x40000000, DX
	VPBROADCASTQ DX, Z16
	VPTERNLOGD   $0xff, Z17, Z17, Z17
	MOVL         $0xaaaa, DX
	KMOVW        DX, K2

panel:
	MOVQ   gemvS8_Rows(BX), R10
	MOVQ   SI, R13
	MOVQ   DI, R14

row:
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	LEAQ   512(AX), R8
	MOVQ   R9, DX
	NEGQ   DX
	ADDQ   $16, DX
	JGT    tail

four:
	DOT(-16, 0, Z18, Z0, Z1)
	DOT(-12, 128, Z19, Z2, Z3)
	DOT(-8, 256, Z20, Z4, Z5)
	DOT(-4, 384, Z21, Z6, Z7)
	ADDQ $512, R8
	ADDQ $16, DX
	JLE  four

tail:
	SUBQ $16, DX
	JGE  finish

one:
	DOT(0, 0, Z18, Z0, Z1)
	ADDQ $128, R8
	ADDQ $4, DX
	JLT  one

finish:
	VPADDD   Z2, Z0, Z0
	VPADDD   Z3, Z1, Z1
	VPADDD   Z6, Z4, Z4
	VPADDD   Z7, Z5, Z5
	VPADDD   Z4, Z0, Z0
	VPADDD   Z5, Z1, Z1
	RESCALE(Z0, 0)
	RESCALE(Z1, 64)
	VPMOVSDW Z0, (DI)
	VPMOVSDW Z1, 32(DI)
	ADDQ     R11, SI
	ADDQ     R12, DI
	DECQ     R10
	JNZ      row
	MOVQ     R13, SI
	LEAQ     64(R14), DI
	MOVQ     R8, AX
	DECQ     CX
	JNZ      panel
	VZEROUPPER
	RET
