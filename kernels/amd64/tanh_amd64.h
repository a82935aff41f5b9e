// The constants of fixed.TanhF32.
DATA tanh<>+0(SB)/4, $-5.70498872745e-3 // tanhPoly
DATA tanh<>+4(SB)/4, $2.06390887954e-2
DATA tanh<>+8(SB)/4, $-5.37397155531e-2
DATA tanh<>+12(SB)/4, $1.33314422036e-1
DATA tanh<>+16(SB)/4, $-3.33332819422e-1
DATA tanh<>+20(SB)/4, $2.0
DATA tanh<>+24(SB)/4, $0.625
GLOBL tanh<>(SB), RODATA|NOPTR, $28
