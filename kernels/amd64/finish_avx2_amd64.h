#include "rescale_avx2_amd64.h"

// FINISH4X16 turns a tile of accumulators into codes: 4 rows of 16 outputs, in Y0 and Y1, Y2 and Y3, Y4 and Y5, Y6 and Y7,
// whose panel begins at AX. It leaves the rows' 16 bytes in the halves of Y0 and of Y4. Overwrites the other registers up
// to Y14.
#define FINISH4X16(zeroPoint, lo, hi) \
	HALF(0)                      \
	FINISH(0, Y0)                \
	FINISH(0, Y2)                \
	FINISH(0, Y4)                \
	FINISH(0, Y6)                \
	HALF(1)                      \
	FINISH(1, Y1)                \
	FINISH(1, Y3)                \
	FINISH(1, Y5)                \
	FINISH(1, Y7)                \
	VPBROADCASTW zeroPoint, Y8   \
	VMOVDQU      order<>(SB), Y9 \
	VPBROADCASTB lo, Y10         \
	VPBROADCASTB hi, Y11         \
	NARROW(Y0, Y1, Y2, Y3)       \
	NARROW(Y4, Y5, Y6, Y7)

// HALF loads constants of half h of the panel at AX, FINISH turns 8 accumulators of that half into codes less the zero point.
#define CONSTANT(h, v) (64+32*h+v)(AX)

#define HALF(h) \
	VMOVDQU CONSTANT(h, const_mulEven), Y8  \
	VMOVDQU CONSTANT(h, const_mulOdd), Y9   \
	VMOVDQU CONSTANT(h, const_addEven), Y10 \
	VMOVDQU CONSTANT(h, const_addOdd), Y11

#define FINISH(h, c) RESCALE8(c, Y8, Y9, Y10, Y11, CONSTANT(h, const_signS8), CONSTANT(h, const_expS8), Y12, Y13, Y14)

// NARROW makes c0 the 16 bytes of one row and the 16 of the next. Y8 ZeroPoint, Y9 order, Y10 Lo, Y11 Hi.
#define NARROW(c0, c1, c2, c3) \
	VPACKSSDW c1, c0, c0  \
	VPACKSSDW c3, c2, c2  \
	VPADDSW   Y8, c0, c0  \
	VPADDSW   Y8, c2, c2  \
	VPACKSSWB c2, c0, c0  \
	VPERMD    c0, Y9, c0  \
	VPMAXSB   Y10, c0, c0 \
	VPMINSB   Y11, c0, c0

// The packs work within 128-bit lanes and leave a 2x4 matrix of dwords transposed.
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000500000001
DATA order<>+16(SB)/8, $0x0000000600000002
DATA order<>+24(SB)/8, $0x0000000700000003
GLOBL order<>(SB), RODATA|NOPTR, $32
