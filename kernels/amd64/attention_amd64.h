// The numbers of abi.AttentionS8 that the exponential does not have.
DATA attention<>+0(SB)/4, $0xbb000000 // −1/512
DATA attention<>+4(SB)/4, $255.0
DATA attention<>+8(SB)/8, $4095
GLOBL attention<>(SB), RODATA|NOPTR, $16
