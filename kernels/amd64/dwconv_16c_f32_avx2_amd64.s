#include "textflag.h"
#include "go_asm.h"
#include "clamp_avx2_amd64.h"
#include "mask_avx2_amd64.h"

// func DWConv16CF32AVX2(a *abi.DWConvF32)
//
// CPU: AVX2, FMA.
//
//	        c0-7  c8-15    <- Y8, Y9: weights of one tap
//	p0      Y0    Y1
//	p1      Y2    Y3
//	p2      Y4    Y5
//	p3      Y6    Y7
//
// Panel: [16 bias][KH][KW][16]. The pixels are taken along the longer of the two axes; the last four overlap with those
// before if their number is no multiple of 4, and fewer than 4 are computed as one pixel each, four times. Channels past
// the last read up to 15 elements past x and are cut off by a mask.
//
//	AX x of p0 at the tap    BX, CX 1 and 3 times XStep    SI weights    R8 columns left    R9 rows left    R10 XTap
//	R11 x of p0    R12 pixels left    R13 x of p0 in the filter's row    R14 XRow    R15 panel    distances in bytes
//	after the taps AX..R10 are scratch    Y10 Lo    Y11 Hi    Y12 Y13 masks of the panel's halves
#define TAP(x, x8, c0, c1) \
	VFMADD231PS x, Y8, c0 \
	VFMADD231PS x8, Y9, c1

#define PUT(c0, c1, y, y8) \
	VMASKMOVPS c0, Y12, y \
	VMASKMOVPS c1, Y13, y8

TEXT ·DWConv16CF32AVX2(SB), NOSPLIT, $104-8
	MOVQ a+0(FP), DI
	MOVQ dwConvF32_Rows(DI), AX
	MOVQ dwConvF32_XNext(DI), BX
	MOVQ dwConvF32_YNext(DI), CX
	MOVQ dwConvF32_Cols(DI), R8
	MOVQ dwConvF32_XStep(DI), R9
	MOVQ dwConvF32_YStep(DI), R10
	CMPQ R8, AX
	JGE  along
	XCHGQ AX, R8
	XCHGQ BX, R9
	XCHGQ CX, R10

along:
	SHLQ         $2, BX
	SHLQ         $2, CX
	SHLQ         $2, R9
	SHLQ         $2, R10
	MOVQ         AX, lines-8(SP)
	MOVQ         BX, xnext-16(SP)
	MOVQ         CX, ynext-24(SP)
	MOVQ         R8, pixels-32(SP)
	MOVQ         R9, xstep-40(SP)
	MOVQ         R10, ystep-48(SP)
	MOVQ         dwConvF32_C(DI), AX
	MOVQ         AX, channels-56(SP)
	MOVQ         dwConvF32_X(DI), AX
	MOVQ         AX, x-64(SP)
	MOVQ         dwConvF32_Y(DI), AX
	MOVQ         AX, y-72(SP)
	MOVQ         dwConvF32_W(DI), R15
	VBROADCASTSS dwConvF32_Lo(DI), Y10
	VBROADCASTSS dwConvF32_Hi(DI), Y11

panel:
	MOVQ channels-56(SP), AX
	LANEMASKS(AX, BX, DX, Y12, Y13)
	MOVQ x-64(SP), AX
	MOVQ AX, xline-80(SP)
	MOVQ y-72(SP), AX
	MOVQ AX, yline-88(SP)
	MOVQ lines-8(SP), AX
	MOVQ AX, left-96(SP)

line:
	MOVQ xline-80(SP), R11
	MOVQ yline-88(SP), AX
	MOVQ AX, ytile-104(SP)
	MOVQ pixels-32(SP), R12

tile:
	MOVQ a+0(FP), DI
	MOVQ xstep-40(SP), BX
	CMPQ R12, $4
	JGE  taps
	CMPQ pixels-32(SP), $4
	JGE  back
	XORL BX, BX
	JMP  taps

	// Fewer than four are left of more: step back.
back:
	MOVQ  $4, AX
	SUBQ  R12, AX
	MOVQ  ystep-48(SP), CX
	IMULQ AX, CX
	SUBQ  CX, ytile-104(SP)
	IMULQ BX, AX
	SUBQ  AX, R11
	MOVL  $4, R12

taps:
	LEAQ    (BX)(BX*2), CX
	MOVQ    dwConvF32_XRow(DI), R14
	SHLQ    $2, R14
	MOVQ    dwConvF32_XTap(DI), R10
	SHLQ    $2, R10
	MOVQ    dwConvF32_KH(DI), R9
	LEAQ    64(R15), SI
	VMOVUPS (R15), Y0
	VMOVUPS 32(R15), Y1
	VMOVAPS Y0, Y2
	VMOVAPS Y1, Y3
	VMOVAPS Y0, Y4
	VMOVAPS Y1, Y5
	VMOVAPS Y0, Y6
	VMOVAPS Y1, Y7
	MOVQ    R11, R13

rows:
	MOVQ R13, AX
	ADDQ R14, R13
	MOVQ dwConvF32_KW(DI), R8

tap:
	VMOVUPS (SI), Y8
	VMOVUPS 32(SI), Y9
	TAP((AX), 32(AX), Y0, Y1)
	TAP((AX)(BX*1), 32(AX)(BX*1), Y2, Y3)
	TAP((AX)(BX*2), 32(AX)(BX*2), Y4, Y5)
	TAP((AX)(CX*1), 32(AX)(CX*1), Y6, Y7)
	ADDQ    $64, SI
	ADDQ    R10, AX
	DECQ    R8
	JNZ     tap
	DECQ    R9
	JNZ     rows

	CMPQ dwConvF32_Clamp(DI), $0
	JEQ  store
	CLAMP(Y10, Y11, Y0)
	CLAMP(Y10, Y11, Y1)
	CLAMP(Y10, Y11, Y2)
	CLAMP(Y10, Y11, Y3)
	CLAMP(Y10, Y11, Y4)
	CLAMP(Y10, Y11, Y5)
	CLAMP(Y10, Y11, Y6)
	CLAMP(Y10, Y11, Y7)

store:
	MOVQ ytile-104(SP), DI
	MOVQ ystep-48(SP), SI
	CMPQ R12, $4
	JLT  one
	LEAQ (SI)(SI*2), DX
	LEAQ (R11)(BX*4), R11
	CMPQ channels-56(SP), $16
	JLT  part
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, (DI)(SI*1)
	VMOVUPS Y3, 32(DI)(SI*1)
	VMOVUPS Y4, (DI)(SI*2)
	VMOVUPS Y5, 32(DI)(SI*2)
	VMOVUPS Y6, (DI)(DX*1)
	VMOVUPS Y7, 32(DI)(DX*1)

next:
	LEAQ (DI)(SI*4), DI
	MOVQ DI, ytile-104(SP)
	SUBQ $4, R12
	JG   tile

nextline:
	MOVQ xnext-16(SP), AX
	ADDQ AX, xline-80(SP)
	MOVQ ynext-24(SP), AX
	ADDQ AX, yline-88(SP)
	DECQ left-96(SP)
	JNZ  line

	SUBQ $16, channels-56(SP)
	JLE  done
	ADDQ $64, x-64(SP)
	ADDQ $64, y-72(SP)
	MOVQ a+0(FP), DI
	ADDQ dwConvF32_PanelBytes(DI), R15
	JMP  panel

done:
	VZEROUPPER
	RET

// part stores four pixels of fewer than 16 channels.
part:
	PUT(Y0, Y1, (DI), 32(DI))
	PUT(Y2, Y3, (DI)(SI*1), 32(DI)(SI*1))
	PUT(Y4, Y5, (DI)(SI*2), 32(DI)(SI*2))
	PUT(Y6, Y7, (DI)(DX*1), 32(DI)(DX*1))
	JMP next

one:
	PUT(Y0, Y1, (DI), 32(DI))
	ADDQ SI, ytile-104(SP)
	ADDQ xstep-40(SP), R11
	DECQ R12
	JNZ  tile
	JMP  nextline
