#include "textflag.h"
#include "go_asm.h"
#include "clamp_amd64.h"
#include "runs_amd64.h"

// func DWConv32F32AVX512(a *abi.DWConvF32)
//
// CPU: AVX512F; BMI2.
//
// A tile is a run (see runs_amd64.h) of 32 channels or, in a last panel of up to 16 channels, two runs of as many; where
// no run is left, the second is the first. These are eight chains of fused multiply-adds, as many as two start in each of
// the four cycles that one takes.
//
//	             half 0 (c0-15)    half 1 (c16-31, or the second run)
//	pixel 0      Z0                Z1
//	 ..
//	pixel 3      Z6                Z7
//
//	SI DI x of the halves    R10 weights    R11 bytes of a tap's weights    R15 a
//	any windows:    AX BX x of the tap    CX DX 1, 3 times the bytes between windows    R8 taps left of the row
//	                R12 rows left    R13 XTap    R14 from a row's end to the next row
//	row forms:      AX BX CX DX 1, 3, 5 and 7 times XTap    R12 rows left    R14 between rows    R9 between the halves' weights
//	Z8-Z17 weights of a row    Z18 Z19 a pixel    Z29 Lo    Z30 Hi    K1 K2 channels of the halves    K3 clamp

// PIXEL loads the pixel at an index of both halves.
#define PIXEL(i) \
	VMOVUPS (SI)i, Z18 \
	VMOVUPS (DI)i, Z19

// FMA adds the pixel times a tap's weights to a window.
#define FMA(w0, w1, c0, c1) \
	VFMADD231PS Z18, w0, c0 \
	VFMADD231PS Z19, w1, c1

// WEIGHTS loads a tap's weights. Half 1 has those of half 0 if it holds the same channels.
#define WEIGHTS(w0, w1) \
	VMOVUPS (R10), w0       \
	VMOVUPS (R10)(R9*1), w1 \
	ADDQ    R11, R10

// STARTROWS prepares the row forms.
#define STARTROWS \
	MOVQ dwConvF32_XTap(R15), AX  \
	SHLQ $2, AX                   \
	LEAQ (AX)(AX*2), BX           \
	LEAQ (AX)(AX*4), CX           \
	LEAQ (BX)(AX*4), DX           \
	MOVQ dwConvF32_XRow(R15), R14 \
	SHLQ $2, R14                  \
	MOVQ dwConvF32_KH(R15), R12

TEXT ·DWConv32F32AVX512(SB), NOSPLIT, $240-8
	MOVQ         a+0(FP), R15
	VBROADCASTSS dwConvF32_Lo(R15), Z29
	VBROADCASTSS dwConvF32_Hi(R15), Z30
	CLAMPMASK(dwConvF32_Clamp(R15), K3)

	MOVQ    dwConvF32_XStep(R15), AX
	MOVQ    dwConvF32_XNext(R15), BX
	MOVQ    dwConvF32_YStep(R15), CX
	MOVQ    dwConvF32_YNext(R15), DX
	MOVQ    dwConvF32_Cols(R15), SI
	MOVQ    dwConvF32_Rows(R15), DI
	MOVQ    dwConvF32_XTap(R15), R9
	XORL    R12, R12
	CMPQ    AX, R9
	CMOVQEQ dwConvF32_KW(R15), R12
	SHLQ    $2, AX
	SHLQ    $2, BX
	SHLQ    $2, CX
	SHLQ    $2, DX
	GEOMETRY
	MOVQ    R12, form-136(SP)

	MOVQ dwConvF32_W(R15), AX
	MOVQ AX, panel-160(SP)
	MOVQ dwConvF32_X(R15), AX
	MOVQ AX, channelX-168(SP)
	MOVQ dwConvF32_Y(R15), AX
	MOVQ AX, channelY-176(SP)
	MOVQ dwConvF32_C(R15), AX
	MOVQ AX, channels-184(SP)

panel:
	MOVQ    channels-184(SP), CX
	MOVL    $32, AX
	CMPQ    CX, AX
	CMOVQGT AX, CX
	MOVL    $-1, AX
	BZHIL   CX, AX, AX
	KMOVW   AX, K1
	MOVL    $0, BX
	CMPQ    CX, $16
	JLE     masks
	MOVL    $64, BX
	SHRL    $16, AX

masks:
	KMOVW AX, K2
	MOVQ  BX, half-192(SP)
	FIRSTRUN

tile:
	NEXTRUN(SI, y0-200(SP), row0, done0)
	CMPQ half-192(SP), $0
	JEQ  second
	LEAQ 64(SI), DI
	MOVQ y0-200(SP), AX
	ADDQ $64, AX
	MOVQ AX, y1-208(SP)
	JMP  start

second:
	NEXTRUN(DI, y1-208(SP), row1, done1)

start:
	MOVQ    panel-160(SP), R10
	MOVQ    half-192(SP), R9
	MOVL    $128, R11
	VMOVUPS (R10), Z0
	VMOVUPS (R10)(R9*1), Z1
	VMOVAPS Z0, Z2
	VMOVAPS Z1, Z3
	VMOVAPS Z0, Z4
	VMOVAPS Z1, Z5
	VMOVAPS Z0, Z6
	VMOVAPS Z1, Z7
	ADDQ    R11, R10
	CMPQ    form-136(SP), $3
	JEQ     three
	CMPQ    form-136(SP), $5
	JEQ     five
	MOVQ    step-112(SP), CX
	LEAQ    (CX)(CX*2), DX
	MOVQ    dwConvF32_XTap(R15), R13
	SHLQ    $2, R13
	MOVQ    dwConvF32_XRow(R15), R14
	SHLQ    $2, R14
	MOVQ    dwConvF32_KH(R15), R12

row:
	MOVQ SI, AX
	MOVQ DI, BX
	MOVQ dwConvF32_KW(R15), R8

tap:
	WEIGHTS(Z8, Z9)
	VFMADD231PS (AX), Z8, Z0
	VFMADD231PS (BX), Z9, Z1
	VFMADD231PS (AX)(CX*1), Z8, Z2
	VFMADD231PS (BX)(CX*1), Z9, Z3
	VFMADD231PS (AX)(CX*2), Z8, Z4
	VFMADD231PS (BX)(CX*2), Z9, Z5
	VFMADD231PS (AX)(DX*1), Z8, Z6
	VFMADD231PS (BX)(DX*1), Z9, Z7
	ADDQ        R13, AX
	ADDQ        R13, BX
	DECQ        R8
	JNZ         tap
	ADDQ        R14, SI
	ADDQ        R14, DI
	DECQ        R12
	JNZ         row

finish:
	CLAMP(Z29, Z30, K3, Z0)
	CLAMP(Z29, Z30, K3, Z1)
	CLAMP(Z29, Z30, K3, Z2)
	CLAMP(Z29, Z30, K3, Z3)
	CLAMP(Z29, Z30, K3, Z4)
	CLAMP(Z29, Z30, K3, Z5)
	CLAMP(Z29, Z30, K3, Z6)
	CLAMP(Z29, Z30, K3, Z7)
	MOVQ    yWindow-144(SP), CX
	LEAQ    (CX)(CX*2), DX
	MOVQ    y0-200(SP), DI
	MOVQ    y1-208(SP), SI
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K2, (SI)
	VMOVUPS Z2, K1, (DI)(CX*1)
	VMOVUPS Z3, K2, (SI)(CX*1)
	VMOVUPS Z4, K1, (DI)(CX*2)
	VMOVUPS Z5, K2, (SI)(CX*2)
	VMOVUPS Z6, K1, (DI)(DX*1)
	VMOVUPS Z7, K2, (SI)(DX*1)
	CMPQ    runs-24(SP), $0
	JGT     tile
	SUBQ    $32, channels-184(SP)
	JLE     done
	ADDQ    $128, channelX-168(SP)
	ADDQ    $128, channelY-176(SP)
	MOVQ    dwConvF32_PanelBytes(R15), AX
	ADDQ    AX, panel-160(SP)
	JMP     panel

done:
	VZEROUPPER
	RET

// The row forms are for windows a pixel apart: a pixel is loaded once for all windows. Each window still takes its taps
// in ascending order.
three:
	STARTROWS

three1:
	WEIGHTS(Z8, Z9)
	WEIGHTS(Z10, Z11)
	WEIGHTS(Z12, Z13)
	VMOVUPS (SI), Z18
	VMOVUPS (DI), Z19
	FMA(Z8, Z9, Z0, Z1)
	PIXEL((AX*1))
	FMA(Z10, Z11, Z0, Z1)
	FMA(Z8, Z9, Z2, Z3)
	PIXEL((AX*2))
	FMA(Z12, Z13, Z0, Z1)
	FMA(Z10, Z11, Z2, Z3)
	FMA(Z8, Z9, Z4, Z5)
	PIXEL((BX*1))
	FMA(Z12, Z13, Z2, Z3)
	FMA(Z10, Z11, Z4, Z5)
	FMA(Z8, Z9, Z6, Z7)
	PIXEL((AX*4))
	FMA(Z12, Z13, Z4, Z5)
	FMA(Z10, Z11, Z6, Z7)
	PIXEL((CX*1))
	FMA(Z12, Z13, Z6, Z7)
	ADDQ    R14, SI
	ADDQ    R14, DI
	DECQ    R12
	JNZ     three1
	JMP     finish

five:
	STARTROWS

five1:
	WEIGHTS(Z8, Z9)
	WEIGHTS(Z10, Z11)
	WEIGHTS(Z12, Z13)
	WEIGHTS(Z14, Z15)
	WEIGHTS(Z16, Z17)
	VMOVUPS (SI), Z18
	VMOVUPS (DI), Z19
	FMA(Z8, Z9, Z0, Z1)
	PIXEL((AX*1))
	FMA(Z10, Z11, Z0, Z1)
	FMA(Z8, Z9, Z2, Z3)
	PIXEL((AX*2))
	FMA(Z12, Z13, Z0, Z1)
	FMA(Z10, Z11, Z2, Z3)
	FMA(Z8, Z9, Z4, Z5)
	PIXEL((BX*1))
	FMA(Z14, Z15, Z0, Z1)
	FMA(Z12, Z13, Z2, Z3)
	FMA(Z10, Z11, Z4, Z5)
	FMA(Z8, Z9, Z6, Z7)
	PIXEL((AX*4))
	FMA(Z16, Z17, Z0, Z1)
	FMA(Z14, Z15, Z2, Z3)
	FMA(Z12, Z13, Z4, Z5)
	FMA(Z10, Z11, Z6, Z7)
	PIXEL((CX*1))
	FMA(Z16, Z17, Z2, Z3)
	FMA(Z14, Z15, Z4, Z5)
	FMA(Z12, Z13, Z6, Z7)
	PIXEL((BX*2))
	FMA(Z16, Z17, Z4, Z5)
	FMA(Z14, Z15, Z6, Z7)
	PIXEL((DX*1))
	FMA(Z16, Z17, Z6, Z7)
	ADDQ    R14, SI
	ADDQ    R14, DI
	DECQ    R12
	JNZ     five1
	JMP     finish
