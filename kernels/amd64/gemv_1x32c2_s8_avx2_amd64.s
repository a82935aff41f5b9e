#include "textflag.h"
#include "go_asm.h"

// func Gemv1x32C2S8AVX2(a *abi.GemvS8)
//
// CPU: AVX2.
//
// 32 outputs in four accumulators; pairs of k are widened to int16, whose products' sum of two cannot leave int32.
//
//	SI x + K    DX k − K    R8 weights    DI y    CX panels left    R9 K    AX panel    R10 rows left    R11 XStride    R12 YStride
//	R13, R14 SI, DI of the first row
//	Y0-Y3 sums    Y4 a pair of x in every lane    Y5 weights    Y14 2^30 as int64    Y15 −1    Y6-Y9 scratch

#define DOT(w, c) \
	VPMOVSXBW w(R8), Y5   \
	VPMADDWD  Y4, Y5, Y5  \
	VPADDD    Y5, c, c

// RESCALE is that of gemv_1x32c4_s8_vnni_amd64.s for 8 sums.
#define RESCALE(c, off) \
	VPADDD   off(AX), c, c        \
	VPSLLVD  (off+256)(AX), c, c  \
	VMOVDQU  (off+128)(AX), Y6    \
	VPMULDQ  Y6, c, Y7            \
	VPSRLQ   $32, Y6, Y6          \
	VPSRLQ   $32, c, Y8           \
	VPMULDQ  Y6, Y8, Y8           \
	VPADDQ   Y14, Y7, Y7          \
	VPADDQ   Y14, Y8, Y8          \
	VPSRLQ   $31, Y7, Y7          \
	VPSLLQ   $1, Y8, Y8           \
	VPBLENDD $0xaa, Y8, Y7, c     \
	VMOVDQU  (off+384)(AX), Y6    \
	VPSLLVD  Y6, Y15, Y7          \
	VPANDN   c, Y7, Y8            \
	VPXOR    Y15, Y7, Y7          \
	VPSRLD   $1, Y7, Y7           \
	VPSRAD   $31, c, Y9           \
	VPSUBD   Y9, Y7, Y7           \
	VPCMPGTD Y7, Y8, Y8           \
	VPSRAVD  Y6, c, c             \
	VPSUBD   Y8, c, c

// NARROW stores 16 sums as int16.
#define NARROW(c0, c1, to) \
	VPACKSSDW c1, c0, c0    \
	VPERMQ    $0xd8, c0, c0 \
	VMOVDQU   c0, to(DI)

TEXT ·Gemv1x32C2S8AVX2(SB), NOSPLIT, $0-8
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
	MOVQ         $0x40000000, DX
	MOVQ         DX, X14
	VPBROADCASTQ X14, Y14
	VPCMPEQD     Y15, Y15, Y15

panel:
	MOVQ  gemvS8_Rows(BX), R10
	MOVQ  SI, R13
	MOVQ  DI, R14

row:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	LEAQ  512(AX), R8
	MOVQ  R9, DX
	NEGQ  DX

pair:
	VPBROADCASTW (SI)(DX*1), X4
	VPMOVSXBW    X4, Y4
	DOT(0, Y0)
	DOT(16, Y1)
	DOT(32, Y2)
	DOT(48, Y3)
	ADDQ         $64, R8
	ADDQ         $2, DX
	JLT          pair
	RESCALE(Y0, 0)
	RESCALE(Y1, 32)
	RESCALE(Y2, 64)
	RESCALE(Y3, 96)
	NARROW(Y0, Y1, 0)
	NARROW(Y2, Y3, 32)
	ADDQ         R11, SI
	ADDQ         R12, DI
	DECQ         R10
	JNZ          row
	MOVQ         R13, SI
	LEAQ         64(R14), DI
	MOVQ         R8, AX
	DECQ         CX
	JNZ          panel
	VZEROUPPER
	RET
