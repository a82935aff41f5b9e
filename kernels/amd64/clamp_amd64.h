// CLAMP is fixed.ClampF32 in the lanes of the mask: lo is the second source of the maximum, so that a NaN gives it and −0
// against +0 gives +0, and the value is the second source of the minimum.
#define CLAMP(lo, hi, mask, v) \
	VMAXPS lo, v, mask, v \
	VMINPS v, hi, mask, v

// CLAMPMASK sets all lanes of the mask if the int is not 0. Overwrites AX.
#define CLAMPMASK(clamp, mask) \
	XORL  AX, AX    \
	CMPQ  clamp, $1 \
	SBBL  $0, AX    \
	NOTL  AX        \
	KMOVW AX, mask
