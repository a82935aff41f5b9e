#include "exp_log_amd64.h"

// EXP is fixed.ExpF32: Y2 = exp(Y0). Overwrites Y0, Y1, Y3, Y4; Y6-Y13 hold what EXPCONSTANTS loads: Y12 is 1, Y13 NaN.
#define EXP \
	VCMPPS       $3, Y0, Y0, Y4         \
	VMAXPS       Y6, Y0, Y0             \
	VMINPS       Y0, Y7, Y0             \
	VMOVAPS      Y8, Y1                 \
	VFMADD231PS  Y9, Y0, Y1             \
	VSUBPS       Y8, Y1, Y3             \
	VFMADD231PS  Y10, Y3, Y0            \
	VFMADD231PS  Y11, Y3, Y0            \
	VBROADCASTSS explog<>+24(SB), Y2    \
	HORNER(explog<>+28(SB), Y0, Y2, Y3) \
	HORNER(explog<>+32(SB), Y0, Y2, Y3) \
	HORNER(explog<>+36(SB), Y0, Y2, Y3) \
	HORNER(explog<>+40(SB), Y0, Y2, Y3) \
	VFMADD213PS  Y12, Y0, Y2            \
	VFMADD213PS  Y12, Y0, Y2            \
	VPSUBD       Y8, Y1, Y1             \
	VPSRAD       $1, Y1, Y3             \
	VPSUBD       Y3, Y1, Y1             \
	VPSLLD       $23, Y3, Y3            \
	VPSLLD       $23, Y1, Y1            \
	VPADDD       Y12, Y3, Y3            \
	VPADDD       Y12, Y1, Y1            \
	VMULPS       Y3, Y2, Y2             \
	VMULPS       Y1, Y2, Y2             \
	VBLENDVPS    Y4, Y13, Y2, Y2

// HORNER is p = p·x + c. Overwrites t.
#define HORNER(c, x, p, t) \
	VBROADCASTSS c, t \
	VFMADD213PS  t, x, p

#define EXPCONSTANTS \
	VBROADCASTSS explog<>+0(SB), Y6   \
	VBROADCASTSS explog<>+4(SB), Y7   \
	VBROADCASTSS explog<>+8(SB), Y8   \
	VBROADCASTSS explog<>+12(SB), Y9  \
	VBROADCASTSS explog<>+16(SB), Y10 \
	VBROADCASTSS explog<>+20(SB), Y11 \
	VBROADCASTSS explog<>+44(SB), Y12 \
	VBROADCASTSS explog<>+48(SB), Y13
