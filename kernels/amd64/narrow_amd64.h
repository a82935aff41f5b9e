// NARROW4 packs four times 16 int32 to 64 int8, saturating, in c0; transpose is the table below in a register.
//
// The packs work within 128-bit lanes and leave a 4x4 matrix of dwords transposed.
#define NARROW4(transpose, c0, c1, c2, c3) \
	VPACKSSDW c1, c0, c0 \
	VPACKSSDW c3, c2, c2 \
	VPACKSSWB c2, c0, c0 \
	VPERMD    c0, transpose, c0

DATA transpose<>+0(SB)/8, $0x0000000400000000
DATA transpose<>+8(SB)/8, $0x0000000c00000008
DATA transpose<>+16(SB)/8, $0x0000000500000001
DATA transpose<>+24(SB)/8, $0x0000000d00000009
DATA transpose<>+32(SB)/8, $0x0000000600000002
DATA transpose<>+40(SB)/8, $0x0000000e0000000a
DATA transpose<>+48(SB)/8, $0x0000000700000003
DATA transpose<>+56(SB)/8, $0x0000000f0000000b
GLOBL transpose<>(SB), RODATA|NOPTR, $64
