// What the units of recurrent layers share: constants, and multipliers laid out in the frame.

DATA unitConst<>+0(SB)/8, $0x40000000
DATA unitConst<>+8(SB)/4, $512
DATA unitConst<>+12(SB)/4, $128
DATA unitConst<>+16(SB)/4, $1
DATA unitConst<>+20(SB)/4, $8192
DATA unitConst<>+24(SB)/4, $16384
DATA unitConst<>+28(SB)/4, $0x01800180
DATA unitConst<>+32(SB)/4, $0x03000300
DATA unitConst<>+36(SB)/4, $0x01ff01ff
DATA unitConst<>+40(SB)/4, $0x00ff00ff
DATA unitConst<>+44(SB)/4, $0x02000200
DATA unitConst<>+48(SB)/4, $0x01000100
DATA unitConst<>+52(SB)/4, $0x40004000
GLOBL unitConst<>(SB), RODATA|NOPTR, $56

// MULTIPLIER lays a multiplier out: the mantissa (8 bytes), the shift to the right e, half of 2^e or 0, and −1 or 0.
#define MULTIPLIER(m, e, toM, toE, toHalf, toSign) \
	MOVLQSX m, DX       \
	MOVQ    DX, toM     \
	MOVL    e, CX       \
	MOVL    CX, toE     \
	MOVL    $1, DX      \
	SHLXL   CX, DX, DX  \
	SHRL    $1, DX      \
	MOVL    DX, toHalf  \
	NEGL    CX          \
	SARL    $31, CX     \
	MOVL    CX, toSign
