#include "textflag.h"
#include "go_asm.h"
#include "rescale_amd64.h"
#include "runs_amd64.h"

// func DWConv64C4S8VNNI(a *abi.DWConvS8)
//
// CPU: AVX512F, BW, VL, DQ, VNNI; BMI2.
//
// A tile is a run (see runs_amd64.h) of 64 channels or, in a last panel of up to 32 (16) channels, two (four) runs of as many;
// where no run is left, the last is repeated.
//
//	             c0-3 16-19 32-35 48-51    c4-7..    c8-11..    c12-15..    <- the panel is described in dwconv_s8_amd64.go
//	pixel 0      Z0                        Z1        Z2         Z3
//	 ..          ..
//	pixel 3      Z12                       Z13       Z14        Z15
//
// Four taps are loaded to Z16-Z19, top bits flipped, and their bytes interleaved, so that a dword holds four taps of a
// channel. Windows one pixel apart share the interleaved bytes: see the row forms below.
//
//	SI DI R8 R9    x of the runs    R10 weights    R15 a    K1 channels of the panel    K2 as RESCALE takes it
//	any windows:   AX BX CX DX offsets of four taps    R11 bytes between the run's windows    R12 taps left of the row
//	               R13 groups left    R14 from a row's end to the next row
//	row forms:     AX BX CX DX 1, 3, 5 and 7 times XTap    R11 XRow    R12 rows left    R13 0
//	ROW3S2:        AX XTap    R11 XStep    R12 rows left    R13 0    R14 from a row's last pixel to the next row's first
//	Z16-Z26 scratch; while rescaling Z18-Z23 constants of a quarter    Z27 Hi    Z28 Lo    Z29 ZeroPoint    Z31 bytes of 0x80

DATA one<>(SB)/8, $0x0000000100000000
GLOBL one<>(SB), RODATA|NOPTR, $8

// form is how windows share pixels: 3 and 5 for filters that wide and windows a pixel apart, two3 for ROW3S2; otherwise
// the windows may be any.
#define two3 32

// TAP makes to the offset of the tap behind from's; behind the last it stays. Jumps are foreseen, and a chain of
// conditional moves would be longer than the work on four taps.
#define TAP(from, to, in) \
	MOVQ from, to               \
	ADDQ dwConvS8_XTap(R15), to \
	DECQ R12                    \
	JNZ  in                     \
	MOVQ dwConvS8_KW(R15), R12  \
	ADDQ R14, to                \
	CMPQ to, lastTap-104(SP)    \
	JLE  in                     \
	MOVQ lastTap-104(SP), to    \
	MOVL $1, R12                \
in:

// LOAD1, LOAD2 and LOAD4 load a pixel of one, two and four runs; i is an index in address syntax.
#define LOAD1(i, z, y, x) \
	VPXORD (SI)i, Z31, z

#define LOAD2(i, z, y, x) \
	VMOVDQU32    (SI)i, y        \
	VINSERTI64X4 $1, (DI)i, z, z \
	VPXORD       Z31, z, z

#define LOAD4(i, z, y, x) \
	VMOVDQU32    (SI)i, x        \
	VINSERTI32X4 $1, (DI)i, y, y \
	VINSERTI32X4 $2, (R8)i, z, z \
	VINSERTI32X4 $3, (R9)i, z, z \
	VPXORD       Z31, z, z

#define STEP1 \
	ADDQ R11, SI

#define STEP2 \
	ADDQ R11, SI \
	ADDQ R11, DI

#define STEP4 \
	ADDQ R11, SI \
	ADDQ R11, DI \
	ADDQ R11, R8 \
	ADDQ R11, R9

// QUAD interleaves the pixels of Z16-Z19.
#define QUAD \
	VPUNPCKLBW Z17, Z16, Z20 \
	VPUNPCKHBW Z17, Z16, Z21 \
	VPUNPCKLBW Z19, Z18, Z22 \
	VPUNPCKHBW Z19, Z18, Z23 \
	VPUNPCKLWD Z22, Z20, Z16 \
	VPUNPCKHWD Z22, Z20, Z17 \
	VPUNPCKLWD Z23, Z21, Z18 \
	VPUNPCKHWD Z23, Z21, Z19

// WINDOW adds four taps of one window a run.
#define WINDOW(LOAD, c0, c1, c2, c3) \
	LOAD((AX*1), Z16, Y16, X16) \
	LOAD((BX*1), Z17, Y17, X17) \
	LOAD((CX*1), Z18, Y18, X18) \
	LOAD((DX*1), Z19, Y19, X19) \
	QUAD                        \
	VPDPBUSD Z24, Z16, c0       \
	VPDPBUSD Z25, Z17, c1       \
	VPDPBUSD Z26, Z18, c2       \
	VPDPBUSD Z30, Z19, c3

// TAPS4 adds four taps of all windows.
#define TAPS4(LOAD, STEP) \
	VMOVDQU32 (R10), Z24             \
	VMOVDQU32 64(R10), Z25           \
	VMOVDQU32 128(R10), Z26          \
	VMOVDQU32 192(R10), Z30          \
	MOVQ      step-112(SP), R11      \
	WINDOW(LOAD, Z0, Z1, Z2, Z3)     \
	STEP                             \
	WINDOW(LOAD, Z4, Z5, Z6, Z7)     \
	STEP                             \
	WINDOW(LOAD, Z8, Z9, Z10, Z11)   \
	STEP                             \
	WINDOW(LOAD, Z12, Z13, Z14, Z15) \
	MOVQ      back-120(SP), R11      \
	STEP                             \
	ADDQ      $const_groupDW, R10

// DOT adds interleaved pixels times the weights at w to a window.
#define DOT(w, c0, c1, c2, c3) \
	VPDPBUSD w(R10), Z16, c0       \
	VPDPBUSD (w+64)(R10), Z17, c1  \
	VPDPBUSD (w+128)(R10), Z18, c2 \
	VPDPBUSD (w+192)(R10), Z19, c3

// ROW3 adds a row of a filter three taps wide: pixels 0-3 serve windows 0 and 1, pixels 2-5 windows 2 and 3.
#define ROW3(LOAD) \
	LOAD((R13*1), Z16, Y16, X16)       \
	LOAD((AX*1), Z17, Y17, X17)        \
	LOAD((AX*2), Z18, Y18, X18)        \
	LOAD((BX*1), Z19, Y19, X19)        \
	QUAD                               \
	DOT(0, Z0, Z1, Z2, Z3)             \
	DOT(256, Z4, Z5, Z6, Z7)           \
	LOAD((AX*4), Z24, Y24, X24)        \
	LOAD((CX*1), Z25, Y25, X25)        \
	VPUNPCKLBW Z25, Z24, Z20           \
	VPUNPCKHBW Z25, Z24, Z21           \
	VPUNPCKLWD Z20, Z22, Z16           \
	VPUNPCKHWD Z20, Z22, Z17           \
	VPUNPCKLWD Z21, Z23, Z18           \
	VPUNPCKHWD Z21, Z23, Z19           \
	DOT(0, Z8, Z9, Z10, Z11)           \
	DOT(256, Z12, Z13, Z14, Z15)       \
	ADDQ       $(2*const_groupDW), R10

// ROW5 adds a row of a filter five taps wide: pixels 0-3 and 4-7 serve all windows.
#define ROW5(LOAD) \
	LOAD((R13*1), Z16, Y16, X16)  \
	LOAD((AX*1), Z17, Y17, X17)   \
	LOAD((AX*2), Z18, Y18, X18)   \
	LOAD((BX*1), Z19, Y19, X19)   \
	QUAD                          \
	DOT(0, Z0, Z1, Z2, Z3)        \
	DOT(256, Z4, Z5, Z6, Z7)      \
	DOT(512, Z8, Z9, Z10, Z11)    \
	DOT(768, Z12, Z13, Z14, Z15)  \
	LOAD((AX*4), Z16, Y16, X16)   \
	LOAD((CX*1), Z17, Y17, X17)   \
	LOAD((BX*2), Z18, Y18, X18)   \
	LOAD((DX*1), Z19, Y19, X19)   \
	QUAD                          \
	DOT(1024, Z0, Z1, Z2, Z3)     \
	DOT(1280, Z4, Z5, Z6, Z7)     \
	DOT(1536, Z8, Z9, Z10, Z11)   \
	DOT(1792, Z12, Z13, Z14, Z15) \
	ADDQ $(8*const_groupDW), R10

// ROW3S2 is ROW3 for windows two pixels apart: each pair of pixels serves two. A tenth pixel is never read.
#define ROW3S2(LOAD, STEP) \
	VMOVDQU32  (R10), Z24                         \
	VMOVDQU32  64(R10), Z25                       \
	VMOVDQU32  128(R10), Z26                      \
	VMOVDQU32  192(R10), Z30                      \
	LOAD((R13*1), Z16, Y16, X16)                  \
	LOAD((AX*1), Z17, Y17, X17)                   \
	STEP                                          \
	VPUNPCKLBW Z17, Z16, Z20                      \
	VPUNPCKHBW Z17, Z16, Z21                      \
	LOAD((R13*1), Z16, Y16, X16)                  \
	LOAD((AX*1), Z17, Y17, X17)                   \
	STEP                                          \
	VPUNPCKLBW Z17, Z16, Z22                      \
	VPUNPCKHBW Z17, Z16, Z23                      \
	PAIRS(Z20, Z21, Z22, Z23, Z0, Z1, Z2, Z3)     \
	LOAD((R13*1), Z16, Y16, X16)                  \
	LOAD((AX*1), Z17, Y17, X17)                   \
	STEP                                          \
	VPUNPCKLBW Z17, Z16, Z20                      \
	VPUNPCKHBW Z17, Z16, Z21                      \
	PAIRS(Z22, Z23, Z20, Z21, Z4, Z5, Z6, Z7)     \
	LOAD((R13*1), Z16, Y16, X16)                  \
	LOAD((AX*1), Z17, Y17, X17)                   \
	STEP                                          \
	VPUNPCKLBW Z17, Z16, Z22                      \
	VPUNPCKHBW Z17, Z16, Z23                      \
	PAIRS(Z20, Z21, Z22, Z23, Z8, Z9, Z10, Z11)   \
	LOAD((R13*1), Z16, Y16, X16)                  \
	VPUNPCKLBW Z16, Z16, Z20                      \
	VPUNPCKHBW Z16, Z16, Z21                      \
	PAIRS(Z22, Z23, Z20, Z21, Z12, Z13, Z14, Z15) \
	ADDQ       $(2*const_groupDW), R10

// PAIRS adds two interleaved pairs of pixels, a and b, to a window.
#define PAIRS(aLo, aHi, bLo, bHi, c0, c1, c2, c3) \
	VPUNPCKLWD bLo, aLo, Z16 \
	VPUNPCKHWD bLo, aLo, Z17 \
	VPUNPCKLWD bHi, aHi, Z18 \
	VPUNPCKHWD bHi, aHi, Z19 \
	VPDPBUSD   Z24, Z16, c0  \
	VPDPBUSD   Z25, Z17, c1  \
	VPDPBUSD   Z26, Z18, c2  \
	VPDPBUSD   Z30, Z19, c3

#define QUARTER(q) \
	VMOVDQU32 (256+const_halfS8*q+const_mulEven)(AX), Z18 \
	VMOVDQU32 (256+const_halfS8*q+const_mulOdd)(AX), Z19  \
	VMOVDQU32 (256+const_halfS8*q+const_addEven)(AX), Z20 \
	VMOVDQU32 (256+const_halfS8*q+const_addOdd)(AX), Z21  \
	VMOVDQU32 (256+const_halfS8*q+const_expS8)(AX), Z23

#define FINISH(q, c0, c1, c2, c3) \
	QUARTER(q)                                               \
	VMOVDQU32 (256+const_halfS8*q+const_signS8)(AX), Z22     \
	RESCALE(c0, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26) \
	RESCALE(c1, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26) \
	RESCALE(c2, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26) \
	RESCALE(c3, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26)

// FINISHRELU is FINISH without the term for the sign: see gemm_8x32c4_s8_vnni_amd64.s for when and why that is right.
#define RELU(c) \
	VPSRLQ    $32, c, Z24   \
	VPMULUDQ  c, Z18, Z25   \
	VPMULUDQ  Z24, Z19, Z26 \
	VPADDQ    Z20, Z25, Z25 \
	VPADDQ    Z21, Z26, Z26 \
	VMOVSHDUP Z25, K2, Z26  \
	VPSRAVD   Z23, Z26, c

#define FINISHRELU(q, c0, c1, c2, c3) \
	QUARTER(q)           \
	VPADDQ Z22, Z20, Z20 \
	VPADDQ Z22, Z21, Z21 \
	RELU(c0)             \
	RELU(c1)             \
	RELU(c2)             \
	RELU(c3)

#define NARROW(c0, c1, c2, c3) \
	VPACKSSDW c1, c0, c0  \
	VPACKSSDW c3, c2, c2  \
	VPADDSW   Z29, c0, c0 \
	VPADDSW   Z29, c2, c2 \
	VPACKSSWB c2, c0, c0  \
	VPMAXSB   Z28, c0, c0 \
	VPMINSB   Z27, c0, c0

TEXT ·DWConv64C4S8VNNI(SB), NOSPLIT, $240-8
	MOVQ         a+0(FP), R15
	MOVL         $0x80808080, AX
	VPBROADCASTD AX, Z31
	VPBROADCASTW dwConvS8_ZeroPoint(R15), Z29
	VPBROADCASTB dwConvS8_Lo(R15), Z28
	VPBROADCASTB dwConvS8_Hi(R15), Z27
	MOVL         $0x5555, AX
	KMOVW        AX, K2

	// The offset of the last tap and how many groups of four taps there are.
	MOVQ  dwConvS8_KH(R15), AX
	MOVQ  dwConvS8_KW(R15), BX
	MOVQ  AX, CX
	IMULQ BX, CX
	ADDQ  $3, CX
	SHRQ  $2, CX
	MOVQ  CX, groups-128(SP)
	DECQ  AX
	DECQ  BX
	IMULQ dwConvS8_XRow(R15), AX
	IMULQ dwConvS8_XTap(R15), BX
	ADDQ  BX, AX
	MOVQ  AX, lastTap-104(SP)

	MOVQ    dwConvS8_XStep(R15), AX
	MOVQ    dwConvS8_XNext(R15), BX
	MOVQ    dwConvS8_YStep(R15), CX
	MOVQ    dwConvS8_YNext(R15), DX
	MOVQ    dwConvS8_Cols(R15), SI
	MOVQ    dwConvS8_Rows(R15), DI
	MOVQ    dwConvS8_KW(R15), R8
	MOVQ    dwConvS8_XTap(R15), R9
	XORL    R12, R12
	CMPQ    AX, R9
	CMOVQEQ R8, R12
	ADDQ    R9, R9
	CMPQ    AX, R9
	JNE     shared
	CMPQ    R8, $3
	JNE     shared
	MOVL    $two3, R12

shared:
	GEOMETRY
	MOVQ R12, form-136(SP)
	MOVQ step-112(SP), AX
	LEAQ (AX)(AX*2), AX
	NEGQ AX
	MOVQ AX, back-120(SP)

	MOVQ dwConvS8_W(R15), AX
	MOVQ AX, panel-160(SP)
	MOVQ dwConvS8_X(R15), AX
	MOVQ AX, channelX-168(SP)
	MOVQ dwConvS8_Y(R15), AX
	MOVQ AX, channelY-176(SP)
	MOVQ dwConvS8_C(R15), AX
	MOVQ AX, channels-184(SP)

panel:
	MOVQ         panel-160(SP), AX
	MOVL         $31, CX
	VPBROADCASTD CX, Z16
	VPCMPEQD     (256+const_signS8)(AX), Z16, K3
	VPCMPEQD     (256+const_halfS8+const_signS8)(AX), Z16, K4
	VPCMPEQD     (256+2*const_halfS8+const_signS8)(AX), Z16, K5
	VPCMPEQD     (256+3*const_halfS8+const_signS8)(AX), Z16, K6
	KANDW        K3, K4, K3
	KANDW        K5, K6, K5
	KANDW        K3, K5, K3
	KMOVW        K3, CX
	MOVL         dwConvS8_Lo(R15), DX
	XORL         AX, AX
	XORL         BX, BX
	CMPL         DX, dwConvS8_ZeroPoint(R15)
	SETGE        AX
	CMPL         CX, $0xffff
	CMOVLNE      BX, AX
	MOVQ         AX, relu-192(SP)
	MOVQ         channels-184(SP), CX
	MOVL         $64, AX
	CMPQ         CX, AX
	CMOVQGT      AX, CX
	MOVQ         $-1, AX
	BZHIQ        CX, AX, AX
	KMOVQ        AX, K1
	FIRSTRUN

tile:
	NEXTRUN(SI, y0-200(SP), row0, done0)
	CMPQ channels-184(SP), $32
	JGT  runs
	NEXTRUN(DI, y1-208(SP), row1, done1)
	CMPQ channels-184(SP), $16
	JGT  runs
	NEXTRUN(R8, y2-216(SP), row2, done2)
	NEXTRUN(R9, y3-224(SP), row3, done3)

runs:
	MOVQ      panel-160(SP), R10
	VMOVDQU32 (R10), Z0
	VMOVDQU32 64(R10), Z1
	VMOVDQU32 128(R10), Z2
	VMOVDQU32 192(R10), Z3
	VMOVDQA32 Z0, Z4
	VMOVDQA32 Z1, Z5
	VMOVDQA32 Z2, Z6
	VMOVDQA32 Z3, Z7
	VMOVDQA32 Z0, Z8
	VMOVDQA32 Z1, Z9
	VMOVDQA32 Z2, Z10
	VMOVDQA32 Z3, Z11
	VMOVDQA32 Z0, Z12
	VMOVDQA32 Z1, Z13
	VMOVDQA32 Z2, Z14
	VMOVDQA32 Z3, Z15
	ADDQ      $const_headDW, R10
	CMPQ      form-136(SP), $3
	JEQ       three
	CMPQ      form-136(SP), $5
	JEQ       five
	CMPQ      form-136(SP), $two3
	JEQ       threeS2
	MOVQ      dwConvS8_KW(R15), R14
	IMULQ     dwConvS8_XTap(R15), R14
	NEGQ      R14
	ADDQ      dwConvS8_XRow(R15), R14
	MOVQ      groups-128(SP), R13
	MOVQ      dwConvS8_KW(R15), R12
	XORL      AX, AX

taps:
	TAP(AX, BX, in1)
	TAP(BX, CX, in2)
	TAP(CX, DX, in3)
	CMPQ channels-184(SP), $32
	JGT  taps1
	CMPQ channels-184(SP), $16
	JGT  taps2
	TAPS4(LOAD4, STEP4)
	DECQ R13
	JZ   finish

next:
	TAP(DX, AX, in0)
	JMP taps

taps2:
	TAPS4(LOAD2, STEP2)
	DECQ R13
	JNZ  next
	JMP  finish

taps1:
	TAPS4(LOAD1, STEP1)
	DECQ R13
	JNZ  next

finish:
	MOVQ panel-160(SP), AX
	CMPQ relu-192(SP), $0
	JNE  relu
	FINISH(0, Z0, Z4, Z8, Z12)
	FINISH(1, Z1, Z5, Z9, Z13)
	FINISH(2, Z2, Z6, Z10, Z14)
	FINISH(3, Z3, Z7, Z11, Z15)

narrow:
	NARROW(Z0, Z1, Z2, Z3)
	NARROW(Z4, Z5, Z6, Z7)
	NARROW(Z8, Z9, Z10, Z11)
	NARROW(Z12, Z13, Z14, Z15)
	MOVQ     yWindow-144(SP), CX
	LEAQ     (CX)(CX*2), DX
	MOVQ     y0-200(SP), DI
	CMPQ     channels-184(SP), $64
	JLT      part
	VMOVDQU8 Z0, (DI)
	VMOVDQU8 Z4, (DI)(CX*1)
	VMOVDQU8 Z8, (DI)(CX*2)
	VMOVDQU8 Z12, (DI)(DX*1)

stored:
	CMPQ runs-24(SP), $0
	JGT  tile
	SUBQ $64, channels-184(SP)
	JLE  done
	ADDQ $64, channelX-168(SP)
	ADDQ $64, channelY-176(SP)
	MOVQ dwConvS8_PanelBytes(R15), AX
	ADDQ AX, panel-160(SP)
	JMP  panel

done:
	VZEROUPPER
	RET

relu:
	VPBROADCASTQ one<>(SB), Z22
	FINISHRELU(0, Z0, Z4, Z8, Z12)
	FINISHRELU(1, Z1, Z5, Z9, Z13)
	FINISHRELU(2, Z2, Z6, Z10, Z14)
	FINISHRELU(3, Z3, Z7, Z11, Z15)
	JMP          narrow

// STOREPART stores the channels of four pixels of one run.
#define STOREPART(c0, c1, c2, c3) \
	VMOVDQU8 c0, K1, (DI)       \
	VMOVDQU8 c1, K1, (DI)(CX*1) \
	VMOVDQU8 c2, K1, (DI)(CX*2) \
	VMOVDQU8 c3, K1, (DI)(DX*1)

#define STORERUN(i, y) \
	VEXTRACTI32X4 $i, Z0, X16     \
	VEXTRACTI32X4 $i, Z4, X17     \
	VEXTRACTI32X4 $i, Z8, X18     \
	VEXTRACTI32X4 $i, Z12, X19    \
	MOVQ          y, DI           \
	STOREPART(X16, X17, X18, X19)

part:
	CMPQ channels-184(SP), $32
	JLE  part2
	STOREPART(Z0, Z4, Z8, Z12)
	JMP  stored

part2:
	CMPQ          channels-184(SP), $16
	JLE           part4
	STOREPART(Y0, Y4, Y8, Y12)
	VEXTRACTI64X4 $1, Z0, Y16
	VEXTRACTI64X4 $1, Z4, Y17
	VEXTRACTI64X4 $1, Z8, Y18
	VEXTRACTI64X4 $1, Z12, Y19
	MOVQ          y1-208(SP), DI
	STOREPART(Y16, Y17, Y18, Y19)
	JMP           stored

part4:
	STOREPART(X0, X4, X8, X12)
	STORERUN(1, y1-208(SP))
	STORERUN(2, y2-216(SP))
	STORERUN(3, y3-224(SP))
	JMP stored

// The row forms.
#define ROWS \
	MOVQ dwConvS8_XTap(R15), AX  \
	LEAQ (AX)(AX*2), BX          \
	LEAQ (AX)(AX*4), CX          \
	LEAQ (BX)(AX*4), DX          \
	MOVQ dwConvS8_XRow(R15), R11 \
	MOVQ dwConvS8_KH(R15), R12   \
	MOVQ groups-128(SP), R13     \
	SHLQ $8, R13                 \
	ADDQ R13, R10                \
	XORL R13, R13

three:
	ROWS
	CMPQ channels-184(SP), $32
	JGT  three1
	CMPQ channels-184(SP), $16
	JGT  three2

three4:
	ROW3(LOAD4)
	STEP4
	DECQ R12
	JNZ  three4
	JMP  finish

three2:
	ROW3(LOAD2)
	STEP2
	DECQ R12
	JNZ  three2
	JMP  finish

three1:
	ROW3(LOAD1)
	STEP1
	DECQ R12
	JNZ  three1
	JMP  finish

five:
	ROWS
	CMPQ channels-184(SP), $32
	JGT  five1
	CMPQ channels-184(SP), $16
	JGT  five2

five4:
	ROW5(LOAD4)
	STEP4
	DECQ R12
	JNZ  five4
	JMP  finish

five2:
	ROW5(LOAD2)
	STEP2
	DECQ R12
	JNZ  five2
	JMP  finish

five1:
	ROW5(LOAD1)
	STEP1
	DECQ R12
	JNZ  five1
	JMP  finish

threeS2:
	ROWS
	MOVQ R11, R14
	MOVQ xStep-48(SP), R11
	LEAQ (R11*4), CX
	SUBQ CX, R14
	CMPQ channels-184(SP), $32
	JGT  threeS21
	CMPQ channels-184(SP), $16
	JGT  threeS22

threeS24:
	ROW3S2(LOAD4, STEP4)
	ADDQ R14, SI
	ADDQ R14, DI
	ADDQ R14, R8
	ADDQ R14, R9
	DECQ R12
	JNZ  threeS24
	JMP  finish

threeS22:
	ROW3S2(LOAD2, STEP2)
	ADDQ R14, SI
	ADDQ R14, DI
	DECQ R12
	JNZ  threeS22
	JMP  finish

threeS21:
	ROW3S2(LOAD1, STEP1)
	ADDQ R14, SI
	DECQ R12
	JNZ  threeS21
	JMP  finish
