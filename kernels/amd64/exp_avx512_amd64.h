#include "exp_log_amd64.h"

// EXP is fixed.ExpF32: Z2 = exp(Z0). VSCALEFPS rounds once, as the last of the function's two scalings does.
//
// Overwrites Z0, Z1 and K3; Z17-Z29 hold what EXPCONSTANTS loads: Z28 is 1, Z29 NaN.
#define EXP \
	VCMPPS      $3, Z0, Z0, K3  \
	VMAXPS      Z17, Z0, Z0     \
	VMINPS      Z0, Z18, Z0     \
	VMOVAPS     Z19, Z1         \
	VFMADD231PS Z20, Z0, Z1     \
	VSUBPS      Z19, Z1, Z1     \
	VFMADD231PS Z21, Z1, Z0     \
	VFMADD231PS Z22, Z1, Z0     \
	VMOVAPS     Z23, Z2         \
	VFMADD213PS Z24, Z0, Z2     \
	VFMADD213PS Z25, Z0, Z2     \
	VFMADD213PS Z26, Z0, Z2     \
	VFMADD213PS Z27, Z0, Z2     \
	VFMADD213PS Z28, Z0, Z2     \
	VFMADD213PS Z28, Z0, Z2     \
	VSCALEFPS   Z1, Z2, Z2      \
	VMOVAPS     Z29, K3, Z2

#define EXPCONSTANTS \
	VBROADCASTSS explog<>+0(SB), Z17  \
	VBROADCASTSS explog<>+4(SB), Z18  \
	VBROADCASTSS explog<>+8(SB), Z19  \
	VBROADCASTSS explog<>+12(SB), Z20 \
	VBROADCASTSS explog<>+16(SB), Z21 \
	VBROADCASTSS explog<>+20(SB), Z22 \
	VBROADCASTSS explog<>+24(SB), Z23 \
	VBROADCASTSS explog<>+28(SB), Z24 \
	VBROADCASTSS explog<>+32(SB), Z25 \
	VBROADCASTSS explog<>+36(SB), Z26 \
	VBROADCASTSS explog<>+40(SB), Z27 \
	VBROADCASTSS explog<>+44(SB), Z28 \
	VBROADCASTSS explog<>+48(SB), Z29
