#include "textflag.h"

// The parts of SoftmaxS8VBMI; see softmax_s8_amd64.go.

// func softmaxTermsAVX512(exp *[256]int32, terms *[768]byte)
//
// CPU: AVX512F. exp is not negative, so that adding half rounds halves away from zero; it may carry into the sign.
TEXT ·softmaxTermsAVX512(SB), NOSPLIT, $0-16
	MOVQ         exp+0(FP), SI
	MOVQ         terms+8(FP), DI
	MOVL         $2048, AX
	VPBROADCASTD AX, Z16
	MOVL         $16, CX

terms:
	VPADDD  (SI), Z16, Z0
	VPSRLD  $12, Z0, Z0
	VPSRLD  $8, Z0, Z1
	VPSRLD  $16, Z0, Z2
	VPMOVDB Z0, (DI)
	VPMOVDB Z1, 256(DI)
	VPMOVDB Z2, 512(DI)
	ADDQ    $64, SI
	ADDQ    $16, DI
	DECQ    CX
	JNZ     terms
	VZEROUPPER
	RET

// LOOKUP adds the bytes that Z0 finds in the table of a, b, c, d: entries below 128 in a, b, where K3 is clear.
#define LOOKUP(a, b, c, d, sum) \
	VMOVDQA64  Z0, Z1         \
	VMOVDQA64  Z0, Z2         \
	VPERMI2B   b, a, Z1       \
	VPERMI2B   d, c, Z2       \
	VPBLENDMB  Z2, Z1, K3, Z1 \
	VMOVDQU8.Z Z1, K1, Z1     \
	VPSADBW    Z31, Z1, Z1    \
	VPADDQ     Z1, sum, sum

// func softmaxSumVBMI(x *int8, n int, terms *[768]byte) (top, sum int32)
//
// CPU: AVX512F, BW, VL, VBMI; BMI2. Sixty-four elements a step; the last step reads up to 63 bytes past x's end.
//
//	SI x    CX elements left    K1 those of the step    Z0 x, then 255 + difference    Z3 Z4 Z5 sums of the terms' bytes
//	Z6 greatest elements    Z16-Z27 tables    Z30 what turns x into 255 + difference    Z31 0    Z1 Z2 scratch
TEXT ·softmaxSumVBMI(SB), NOSPLIT, $0-32
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVQ         $-1, BX
	MOVL         $-128, AX
	VPBROADCASTB AX, Z6
	JMP          nextMax

max:
	VPMAXSB (SI), Z6, Z6
	ADDQ    $64, SI

nextMax:
	SUBQ    $64, CX
	JGE     max
	ADDQ    $64, CX
	BZHIQ   CX, BX, AX
	KMOVQ   AX, K1
	VPMAXSB (SI), Z6, K1, Z6

	VEXTRACTI64X4 $1, Z6, Y0
	VPMAXSB       Y0, Y6, Y0
	VEXTRACTI128  $1, Y0, X1
	VPMAXSB       X1, X0, X0
	VPSRLDQ       $8, X0, X1
	VPMAXSB       X1, X0, X0
	VPSRLDQ       $4, X0, X1
	VPMAXSB       X1, X0, X0
	VPSRLDQ       $2, X0, X1
	VPMAXSB       X1, X0, X0
	VPSRLDQ       $1, X0, X1
	VPMAXSB       X1, X0, X0
	VPEXTRB       $0, X0, AX
	MOVBLSX       AX, AX
	MOVL          AX, top+24(FP)
	NOTL          AX            // −top − 1, which is 255 − top modulo 256
	VPBROADCASTB AX, Z30

	MOVQ      terms+16(FP), AX
	VMOVDQU64 (AX), Z16
	VMOVDQU64 64(AX), Z17
	VMOVDQU64 128(AX), Z18
	VMOVDQU64 192(AX), Z19
	VMOVDQU64 256(AX), Z20
	VMOVDQU64 320(AX), Z21
	VMOVDQU64 384(AX), Z22
	VMOVDQU64 448(AX), Z23
	VMOVDQU64 512(AX), Z24
	VMOVDQU64 576(AX), Z25
	VMOVDQU64 640(AX), Z26
	VMOVDQU64 704(AX), Z27
	VPXORD    Z31, Z31, Z31
	VPXORD    Z3, Z3, Z3
	VPXORD    Z4, Z4, Z4
	VPXORD    Z5, Z5, Z5
	MOVQ      x+0(FP), SI
	MOVQ      n+8(FP), CX

sum:
	MOVL     $64, AX
	CMPQ     CX, AX
	CMOVQLT  CX, AX
	BZHIQ    AX, BX, AX
	KMOVQ    AX, K1
	VPADDB   (SI), Z30, Z0
	VPMOVB2M Z0, K3
	LOOKUP(Z16, Z17, Z18, Z19, Z3)
	LOOKUP(Z20, Z21, Z22, Z23, Z4)
	LOOKUP(Z24, Z25, Z26, Z27, Z5)
	ADDQ     $64, SI
	SUBQ     $64, CX
	JGT      sum

	VPSLLQ        $8, Z4, Z4
	VPSLLQ        $16, Z5, Z5
	VPADDQ        Z4, Z3, Z3
	VPADDQ        Z5, Z3, Z3
	VEXTRACTI64X4 $1, Z3, Y0
	VPADDQ        Y0, Y3, Y0
	VEXTRACTI128  $1, Y0, X1
	VPADDQ        X1, X0, X0
	VPSRLDQ       $8, X0, X1
	VPADDQ        X1, X0, X0
	VMOVD         X0, AX
	MOVL          AX, sum+28(FP)
	VZEROUPPER
	RET

// func softmaxCodesAVX512(exp *[256]int32, r int32, shift uint32, codes *[512]int8)
//
// CPU: AVX512F, DQ. SRDHM(r, e) = (r·e + 2^30) >> 31 for e ≥ 0; RDPOT is x >> shift, and 1 more where what is shifted out
// exceeds half, less 1 for a positive x: in any number of bits up to 31 without overflow.
//
//	Z16 r    Z17 2^30    Z18 shift    Z19 2^shift − 1    Z20 half of it    Z21 128    Z22 1    K2 odd lanes
TEXT ·softmaxCodesAVX512(SB), NOSPLIT, $0-24
	MOVQ         exp+0(FP), SI
	MOVQ         codes+16(FP), DI
	MOVL         r+8(FP), AX
	VPBROADCASTD AX, Z16
	MOVL         $1<<30, AX
	VPBROADCASTQ AX, Z17
	MOVL         shift+12(FP), CX
	VPBROADCASTD CX, Z18
	MOVL         $1, AX
	VPBROADCASTD AX, Z22
	SHLL         CX, AX
	DECL         AX
	VPBROADCASTD AX, Z19
	SHRL         $1, AX
	VPBROADCASTD AX, Z20
	MOVL         $128, AX
	VPBROADCASTD AX, Z21
	MOVL         $0xaaaa, AX
	KMOVW        AX, K2
	MOVL         $16, CX

codes:
	VMOVDQU32 (SI), Z0
	VPSRLQ    $32, Z0, Z1
	VPMULDQ   Z16, Z0, Z0
	VPMULDQ   Z16, Z1, Z1
	VPADDQ    Z17, Z0, Z0
	VPADDQ    Z17, Z1, Z1
	VPSRLQ    $31, Z0, Z0
	VPSLLQ    $1, Z1, Z1
	VMOVDQA32 Z1, K2, Z0
	VPSRLD    $31, Z0, Z1
	VPADDD    Z20, Z1, Z1
	VPANDD    Z19, Z0, Z2
	VPSRAVD   Z18, Z0, Z0
	VPCMPGTD  Z1, Z2, K3
	VPADDD    Z22, Z0, K3, Z0
	VPSUBD    Z21, Z0, Z0
	VPMOVSDB  Z0, (DI)
	ADDQ      $64, SI
	ADDQ      $16, DI
	DECQ      CX
	JNZ       codes
	VZEROUPPER
	RET
