// The constants of fixed.ExpF32 and fixed.LogF32.
DATA explog<>+0(SB)/4, $0xc2d00000  // −104
DATA explog<>+4(SB)/4, $0x42b20000  // 89
DATA explog<>+8(SB)/4, $0x4b400000  // 1.5·2^23
DATA explog<>+12(SB)/4, $0x3fb8aa3b // log2(e)
DATA explog<>+16(SB)/4, $0xbf317218 // −ln2Hi
DATA explog<>+20(SB)/4, $0x3102e308 // ln2Lo
DATA explog<>+24(SB)/4, $0x3ab511e3 // expPoly
DATA explog<>+28(SB)/4, $0x3c091d10
DATA explog<>+32(SB)/4, $0x3d2aac7a
DATA explog<>+36(SB)/4, $0x3e2aaa49
DATA explog<>+40(SB)/4, $0x3efffffe
DATA explog<>+44(SB)/4, $0x3f800000 // 1
DATA explog<>+48(SB)/4, $0x7fc00000 // NaN
DATA explog<>+52(SB)/4, $7.0376836292e-2 // logPoly
DATA explog<>+56(SB)/4, $-1.1514610310e-1
DATA explog<>+60(SB)/4, $1.1676998740e-1
DATA explog<>+64(SB)/4, $-1.2420140846e-1
DATA explog<>+68(SB)/4, $1.4249322787e-1
DATA explog<>+72(SB)/4, $-1.6668057665e-1
DATA explog<>+76(SB)/4, $2.0000714765e-1
DATA explog<>+80(SB)/4, $-2.4999993993e-1
DATA explog<>+84(SB)/4, $3.3333331174e-1
DATA explog<>+88(SB)/4, $0.707106781
DATA explog<>+92(SB)/4, $-2.12194440e-4
DATA explog<>+96(SB)/4, $0xbf000000 // −½
DATA explog<>+100(SB)/4, $0.693359375
DATA explog<>+104(SB)/4, $126
DATA explog<>+108(SB)/4, $0x007fffff
DATA explog<>+112(SB)/4, $0x3f000000
GLOBL explog<>(SB), RODATA|NOPTR, $116
