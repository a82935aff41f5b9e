// CLAMP is fixed.ClampF32: lo is the second source of the maximum, so that a NaN gives it and −0 against +0 gives +0,
// and the value is the second source of the minimum.
#define CLAMP(lo, hi, v) \
	VMAXPS lo, v, v \
	VMINPS v, hi, v

// CLAMPIF is CLAMP in the lanes of the mask. Overwrites t.
#define CLAMPIF(lo, hi, mask, v, t) \
	VMAXPS    lo, v, t       \
	VMINPS    t, hi, t       \
	VBLENDVPS mask, t, v, v

// CLAMPMASK sets all lanes of the mask, whose low half is x, if the int is not 0. Overwrites AX.
#define CLAMPMASK(clamp, x, mask) \
	XORL         AX, AX    \
	CMPQ         clamp, $1 \
	SBBL         $0, AX    \
	NOTL         AX        \
	VMOVD        AX, x     \
	VPBROADCASTD x, mask
