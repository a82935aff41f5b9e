// The constants of fixed.GeluF32.
DATA gelu<>+0(SB)/4, $-0.022315321 // geluPoly
DATA gelu<>+4(SB)/4, $0.12747501
DATA gelu<>+8(SB)/4, $-0.26703992
DATA gelu<>+12(SB)/4, $0.21428627
DATA gelu<>+16(SB)/4, $-0.050283615
DATA gelu<>+20(SB)/4, $0.11866481
DATA gelu<>+24(SB)/4, $0.112720326
DATA gelu<>+28(SB)/4, $0.13353543
DATA gelu<>+32(SB)/4, $0.13295704
DATA gelu<>+36(SB)/4, $0x7fffffff
DATA gelu<>+40(SB)/4, $14.4
DATA gelu<>+44(SB)/4, $3.0
DATA gelu<>+48(SB)/4, $-0.5
GLOBL gelu<>(SB), RODATA|NOPTR, $52
