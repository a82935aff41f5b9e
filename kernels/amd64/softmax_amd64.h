// The constants of fixed.ExpF32 and fixed.LogF32.
DATA softmax<>+0(SB)/4, $0xc2d00000  // −104
DATA softmax<>+4(SB)/4, $0x42b20000  // 89
DATA softmax<>+8(SB)/4, $0x4b400000  // 1.5·2^23
DATA softmax<>+12(SB)/4, $0x3fb8aa3b // log2(e)
DATA softmax<>+16(SB)/4, $0xbf317218 // −ln2Hi
DATA softmax<>+20(SB)/4, $0x3102e308 // ln2Lo
DATA softmax<>+24(SB)/4, $0x3ab511e3 // expPoly
DATA softmax<>+28(SB)/4, $0x3c091d10
DATA softmax<>+32(SB)/4, $0x3d2aac7a
DATA softmax<>+36(SB)/4, $0x3e2aaa49
DATA softmax<>+40(SB)/4, $0x3efffffe
DATA softmax<>+44(SB)/4, $0x3f800000 // 1
DATA softmax<>+48(SB)/4, $0x7fc00000 // NaN
DATA softmax<>+52(SB)/4, $7.0376836292e-2 // logPoly
DATA softmax<>+56(SB)/4, $-1.1514610310e-1
DATA softmax<>+60(SB)/4, $1.1676998740e-1
DATA softmax<>+64(SB)/4, $-1.2420140846e-1
DATA softmax<>+68(SB)/4, $1.4249322787e-1
DATA softmax<>+72(SB)/4, $-1.6668057665e-1
DATA softmax<>+76(SB)/4, $2.0000714765e-1
DATA softmax<>+80(SB)/4, $-2.4999993993e-1
DATA softmax<>+84(SB)/4, $3.3333331174e-1
DATA softmax<>+88(SB)/4, $0.707106781
DATA softmax<>+92(SB)/4, $-2.12194440e-4
DATA softmax<>+96(SB)/4, $0xbf000000 // −½
DATA softmax<>+100(SB)/4, $0.693359375
DATA softmax<>+104(SB)/4, $126
DATA softmax<>+108(SB)/4, $0x007fffff
DATA softmax<>+112(SB)/4, $0x3f000000
GLOBL softmax<>(SB), RODATA|NOPTR, $116
