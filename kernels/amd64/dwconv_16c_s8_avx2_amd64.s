#include "textflag.h"
#include "go_asm.h"
#include "finish_avx2_amd64.h"
#include "part_avx2_amd64.h"

// func DWConv16CS8AVX2(a *abi.DWConvS8)
//
// CPU: AVX2.
//
//	             c0-7  c8-15    <- Y8, Y9: weights of two rows of the filter in one column, 64 bytes of the panel
//	     p0      Y0    Y1       Y10, Y11 hold x of those two rows, as int16, pixel after pixel
//	     p1      Y2    Y3
//	     p2      Y4    Y5
//	     p3      Y6    Y7
//
// VPMADDWD multiplies x of two rows and adds both products. The last row of an odd filter is alone: there the int32 of x
// is taken for x and a sign, which meets a weight of 0.
//
// The panel is described in dwconv_s8_avx2_amd64.go. The pixels are taken along the longer of the two axes; the last
// four overlap with those before if their number is no multiple of 4, and fewer than 4 are computed as one pixel each,
// four times. Channels past the last read up to 15 bytes past x and are not stored.
//
//	AX x of p0 at the tap    R14 of the tap below    BX, CX 1 and 3 times XStep    DX XRow    SI weights
//	R8 columns left    R9 rows left    R10 XTap    R11 x of p0    R12 pixels left    R13 x of p0 in the filter's row
//	R15 panel    after the taps AX..R10 and Y8-Y14 are scratch

// PAIR adds two rows' column to a pixel.
#define PAIR(x0, x1, c0, c1) \
	VMOVDQU    x0, X10       \
	VMOVDQU    x1, X11       \
	VPUNPCKLBW X11, X10, X12 \
	VPUNPCKHBW X11, X10, X10 \
	VPMOVSXBW  X12, Y12      \
	VPMOVSXBW  X10, Y10      \
	VPMADDWD   Y8, Y12, Y12  \
	VPMADDWD   Y9, Y10, Y10  \
	VPADDD     Y12, c0, c0   \
	VPADDD     Y10, c1, c1

// ALONE adds a row's column to a pixel.
#define ALONE(x0, x8, c0, c1) \
	VPMOVSXBD x0, Y12      \
	VPMOVSXBD x8, Y10      \
	VPMADDWD  Y8, Y12, Y12 \
	VPMADDWD  Y9, Y10, Y10 \
	VPADDD    Y12, c0, c0  \
	VPADDD    Y10, c1, c1

TEXT ·DWConv16CS8AVX2(SB), NOSPLIT, $112-8
	MOVQ a+0(FP), DI
	MOVQ dwConvS8_Rows(DI), AX
	MOVQ dwConvS8_XNext(DI), BX
	MOVQ dwConvS8_YNext(DI), CX
	MOVQ dwConvS8_Cols(DI), R8
	MOVQ dwConvS8_XStep(DI), R9
	MOVQ dwConvS8_YStep(DI), R10
	CMPQ R8, AX
	JGE  along
	XCHGQ AX, R8
	XCHGQ BX, R9
	XCHGQ CX, R10

along:
	MOVQ AX, lines-8(SP)
	MOVQ BX, xnext-16(SP)
	MOVQ CX, ynext-24(SP)
	MOVQ R8, pixels-32(SP)
	MOVQ R9, xstep-40(SP)
	MOVQ R10, ystep-48(SP)
	MOVQ dwConvS8_C(DI), AX
	MOVQ AX, channels-56(SP)
	MOVQ dwConvS8_X(DI), AX
	MOVQ AX, x-64(SP)
	MOVQ dwConvS8_Y(DI), AX
	MOVQ AX, y-72(SP)
	MOVQ dwConvS8_W(DI), R15

panel:
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
	MOVQ    dwConvS8_XRow(DI), DX
	MOVQ    dwConvS8_XTap(DI), R10
	MOVQ    dwConvS8_KH(DI), R9
	LEAQ    const_headAVX2(R15), SI
	VMOVDQU (R15), Y0
	VMOVDQU 32(R15), Y1
	VMOVDQA Y0, Y2
	VMOVDQA Y1, Y3
	VMOVDQA Y0, Y4
	VMOVDQA Y1, Y5
	VMOVDQA Y0, Y6
	VMOVDQA Y1, Y7
	MOVQ    R11, R13

rows:
	MOVQ R13, AX
	MOVQ dwConvS8_KW(DI), R8
	SUBQ $2, R9
	JLT  alone
	MOVQ R13, R14
	ADDQ DX, R14
	LEAQ (R14)(DX*1), R13

pair:
	VMOVDQU (SI), Y8
	VMOVDQU 32(SI), Y9
	PAIR((AX), (R14), Y0, Y1)
	PAIR((AX)(BX*1), (R14)(BX*1), Y2, Y3)
	PAIR((AX)(BX*2), (R14)(BX*2), Y4, Y5)
	PAIR((AX)(CX*1), (R14)(CX*1), Y6, Y7)
	ADDQ    $64, SI
	ADDQ    R10, AX
	ADDQ    R10, R14
	DECQ    R8
	JNZ     pair
	TESTQ   R9, R9
	JNZ     rows
	JMP     finish

alone:
	VMOVDQU (SI), Y8
	VMOVDQU 32(SI), Y9
	ALONE((AX), 8(AX), Y0, Y1)
	ALONE((AX)(BX*1), 8(AX)(BX*1), Y2, Y3)
	ALONE((AX)(BX*2), 8(AX)(BX*2), Y4, Y5)
	ALONE((AX)(CX*1), 8(AX)(CX*1), Y6, Y7)
	ADDQ    $64, SI
	ADDQ    R10, AX
	DECQ    R8
	JNZ     alone

finish:
	MOVQ         R15, AX
	FINISH4X16(dwConvS8_ZeroPoint(DI), dwConvS8_Lo(DI), dwConvS8_Hi(DI))
	VEXTRACTI128 $1, Y0, X1
	VEXTRACTI128 $1, Y4, X5
	MOVQ         ytile-104(SP), DI
	MOVQ         ystep-48(SP), SI
	LEAQ         (SI)(SI*2), DX
	LEAQ         (R11)(BX*4), R11
	CMPQ         R12, $4
	JLT          few
	CMPQ         channels-56(SP), $16
	JLT          few
	VMOVDQU      X0, (DI)
	VMOVDQU      X1, (DI)(SI*1)
	VMOVDQU      X4, (DI)(SI*2)
	VMOVDQU      X5, (DI)(DX*1)

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
	ADDQ $16, x-64(SP)
	ADDQ $16, y-72(SP)
	MOVQ a+0(FP), DI
	ADDQ dwConvS8_PanelBytes(DI), R15
	JMP  panel

done:
	VZEROUPPER
	RET

// few stores one pixel, or four of fewer than 16 channels.
few:
	MOVQ DI, R8
	MOVL $4, CX
	CMPQ R12, CX
	JGE  pixel
	MOVL $1, CX

pixel:
	MOVQ    R8, R9
	CMPQ    channels-56(SP), $16
	JLT     less
	VMOVDQU X0, (R9)

up:
	ADDQ    SI, R8
	VMOVDQA X1, X0
	VMOVDQA X4, X1
	VMOVDQA X5, X4
	DECQ    CX
	JNZ     pixel
	CMPQ    R12, $4
	JGE     next
	ADDQ    SI, ytile-104(SP)
	ADDQ    xstep-40(SP), R11
	DECQ    R12
	JNZ     tile
	JMP     nextline

less:
	MOVQ channels-56(SP), DX
	STORELESS16(X0, R9, DX)
	JMP  up
