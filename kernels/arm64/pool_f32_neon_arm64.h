// POOL_F32 is the body of a kernel over abi.PoolF32: blocks of 16 channels, then of 4, of which the last reads up to 12
// bytes past a tap's channels and stores what there is. Each block goes through all taps in registers.
//
// A kernel defines ROW, which begins a row of y; PADDED, which goes to skip if the offset R6 is of a padded tap; TAKE, which
// adds four channels x of a tap to those of v; RESULT, which makes y of v but for the NaNs.
//
//	R0 args   R1 X+Shift, R2 that of the block   R3 y of the row, R5 that of the block   R4 Taps   R6 scratch
//	R7 offsets of the row, R8 running   R9 taps left   R10 channels left   R11 rows left   R12 4*YStride   R15 Clamp
//	V0-V3 reductions, which start at V20   V4-V7 a tap, scratch   V16 Lo   V17 Hi   V19 the canonical NaN
#define POOL_F32 \
	MOVD  poolF32_X(R0), R1                         \
	MOVD  poolF32_Shift(R0), R6                     \
	ADD   R6<<2, R1                                 \
	MOVD  poolF32_Y(R0), R3                         \
	MOVD  poolF32_Taps(R0), R4                      \
	MOVD  poolF32_Off(R0), R7                       \
	MOVD  poolF32_Rows(R0), R11                     \
	MOVD  poolF32_YStride(R0), R12                  \
	LSL   $2, R12                                   \
	MOVD  poolF32_Clamp(R0), R15                    \
	ADD   $poolF32_Lo, R0, R6                       \
	VLD1R (R6), [V16.S4]                            \
	ADD   $poolF32_Hi, R0, R6                       \
	VLD1R (R6), [V17.S4]                            \
	MOVD  $0x7fc00000, R6                           \
	VDUP  R6, V19.S4                                \
	CBZ   R11, done                                 \
row:                                                    \
	ROW                                             \
	MOVD R1, R2                                     \
	MOVD R3, R5                                     \
	MOVD poolF32_C(R0), R10                         \
	SUBS $16, R10                                   \
	BLT  rest                                       \
block:                                                  \
	VMOV V20.B16, V0.B16                            \
	VMOV V20.B16, V1.B16                            \
	VMOV V20.B16, V2.B16                            \
	VMOV V20.B16, V3.B16                            \
	MOVD R7, R8                                     \
	MOVD R4, R9                                     \
tap:                                                    \
	MOVW.P 4(R8), R6                                \
	PADDED(skip)                                    \
	ADD    R6<<2, R2, R6                            \
	VLD1   (R6), [V4.S4, V5.S4, V6.S4, V7.S4]       \
	TAKE(4, 0)                                      \
	TAKE(5, 1)                                      \
	TAKE(6, 2)                                      \
	TAKE(7, 3)                                      \
skip:                                                   \
	SUBS $1, R9                                     \
	BNE  tap                                        \
	RESULT(0)                                       \
	RESULT(1)                                       \
	RESULT(2)                                       \
	RESULT(3)                                       \
	FCMEQ_4S(0, 0, 4)                               \
	FCMEQ_4S(1, 1, 5)                               \
	FCMEQ_4S(2, 2, 6)                               \
	FCMEQ_4S(3, 3, 7)                               \
	BIF_16B(4, 19, 0)                               \
	BIF_16B(5, 19, 1)                               \
	BIF_16B(6, 19, 2)                               \
	BIF_16B(7, 19, 3)                               \
	CBZ  R15, clamped                               \
	CLAMP4(16, 17, 0, 1, 2, 3, 4, 5, 6, 7)          \
clamped:                                                \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R5)     \
	ADD    $64, R2                                  \
	SUBS   $16, R10                                 \
	BGE    block                                    \
rest:                                                   \
	ADDS $16, R10                                   \
	BEQ  next                                       \
block4:                                                 \
	VMOV V20.B16, V0.B16                            \
	MOVD R7, R8                                     \
	MOVD R4, R9                                     \
tap4:                                                   \
	MOVW.P 4(R8), R6                                \
	PADDED(skip4)                                   \
	ADD    R6<<2, R2, R6                            \
	FMOVQ  (R6), F4                                 \
	TAKE(4, 0)                                      \
skip4:                                                  \
	SUBS $1, R9                                     \
	BNE  tap4                                       \
	RESULT(0)                                       \
	FCMEQ_4S(0, 0, 4)                               \
	BIF_16B(4, 19, 0)                               \
	CBZ  R15, clamped4                              \
	FCMGT_4S(16, 0, 4)                              \
	BIF_16B(4, 16, 0)                               \
	FCMGT_4S(17, 0, 4)                              \
	BIT_16B(4, 17, 0)                               \
clamped4:                                               \
	ADD     $16, R2                                 \
	SUBS    $4, R10                                 \
	BLT     tail                                    \
	FMOVQ.P F0, 16(R5)                              \
	BNE     block4                                  \
	B       next                                    \
tail:                                                   \
	AND  $3, R10                                    \
	STORE_FLOATS(V0, V1, F0, R5, R10, s4, s2, next) \
	ADD  R4<<2, R7, R7                              \
	ADD  R12, R3                                    \
	SUBS $1, R11                                    \
	BNE  row                                        \
done:                                                   \
	RET
