// What the int8 depthwise kernels share: a tile of eight channels and four neighbouring output pixels.
//
// Where fewer than four columns are left, the tile moves back over columns that have been stored: they come out the
// same. With fewer than four in all, the tile's last pixels are one and the same.
//
//	R0 args   R1 R2 R3 x of the tile in three rows of the filter   R19 R20 R21 distance of its pixels p1-p3
//	R4-R7 of p0-p3 in tap column 1, R8-R11 in column 2, where the filter is 3x3
//	R12 columns left behind the tile   R13 panel   R14 channels left   R15 y of the tile   R16 R17 R22 distance of p1-p3
//	R23 rows left   R24 R26 scratch   R25 bit 0: Lo >= ZeroPoint
//	V16 zero point   V30 Lo   V31 Hi

// SETUP reads the arguments. Pixel i is i columns away, or as many as there are. R4 becomes XTap.
#define SETUP \
	MOVW  dwConvS8_ZeroPoint(R0), R24  \
	MOVW  dwConvS8_Lo(R0), R26         \
	CMP   R24, R26                     \
	CSET  GE, R25                      \
	ADD   $dwConvS8_ZeroPoint, R0, R24 \
	VLD1R (R24), [V16.H8]              \
	ADD   $dwConvS8_Lo, R0, R24        \
	VLD1R (R24), [V30.B16]             \
	ADD   $dwConvS8_Hi, R0, R24        \
	VLD1R (R24), [V31.B16]             \
	MOVD  dwConvS8_Cols(R0), R12       \
	SUB   $1, R12                      \
	MOVD  dwConvS8_XStep(R0), R24      \
	MOVD  dwConvS8_YStep(R0), R26      \
	MOVD  $2, R1                       \
	MOVD  $3, R2                       \
	MOVD  $1, R3                       \
	CMP   R3, R12                      \
	CSEL  LT, R12, R3, R3              \
	CMP   R1, R12                      \
	CSEL  LT, R12, R1, R1              \
	CMP   R2, R12                      \
	CSEL  LT, R12, R2, R2              \
	MUL   R24, R3, R19                 \
	MUL   R24, R1, R20                 \
	MUL   R24, R2, R21                 \
	MUL   R26, R3, R16                 \
	MUL   R26, R1, R17                 \
	MUL   R26, R2, R22                 \
	MOVD  dwConvS8_W(R0), R13          \
	MOVD  dwConvS8_C(R0), R14          \
	MOVD  dwConvS8_XTap(R0), R4

// TAPCOLUMNS makes the distances of a 3x3 filter's columns.
#define TAPCOLUMNS \
	ADD R4, R19, R5  \
	ADD R4, R20, R6  \
	ADD R4, R21, R7  \
	LSL $1, R4, R8   \
	ADD R8, R19, R9  \
	ADD R8, R20, R10 \
	ADD R8, R21, R11

// ROW goes to the first tile of a row of the panel.
#define ROW \
	MOVD dwConvS8_Rows(R0), R24  \
	SUB  R23, R24                \
	MOVD dwConvS8_XNext(R0), R1  \
	MOVD dwConvS8_YNext(R0), R15 \
	MUL  R24, R1                 \
	MUL  R24, R15                \
	MOVD dwConvS8_C(R0), R24     \
	SUB  R14, R24                \
	ADD  R24, R1                 \
	ADD  R24, R15                \
	MOVD dwConvS8_X(R0), R24     \
	ADD  R24, R1                 \
	MOVD dwConvS8_Y(R0), R24     \
	ADD  R24, R15                \
	MOVD dwConvS8_XRow(R0), R24  \
	ADD  R24, R1, R2             \
	ADD  R24, R2, R3             \
	MOVD dwConvS8_Cols(R0), R12  \
	SUB  $4, R12

// BELOW adds the -1 of RESCALE4 to two pixels; h0 and h1 are the thresholds of a pixel's channels.
#define BELOW(v0, v1, v2, v3, h0, h1, t0, t1, t2, t3) \
	CMGT_4S(v0, h0, t0) \
	CMGT_4S(v1, h1, t1) \
	CMGT_4S(v2, h0, t2) \
	CMGT_4S(v3, h1, t3) \
	ADD_4S(t0, v0, v0)  \
	ADD_4S(t1, v1, v1)  \
	ADD_4S(t2, v2, v2)  \
	ADD_4S(t3, v3, v3)

// NARROW8 is NARROW4 for the four pixels: v0 takes p0 and p1, v4 p2 and p3; v0 and v2
// have been through SQXTN, v0 and v1 through SQXTN2.
#define NARROW8(v0, v1, v2, v3, v4, v5, v6, v7) \
	SQXTN_4H(v4, v4)     \
	SQXTN2_8H(v3, v2)    \
	SQXTN_4H(v6, v6)     \
	SQADD_8H(16, v0, v0) \
	SQXTN2_8H(v5, v4)    \
	SQADD_8H(16, v2, v2) \
	SQXTN2_8H(v7, v6)    \
	SQXTN_8B(v0, v0)     \
	SQADD_8H(16, v4, v4) \
	SQADD_8H(16, v6, v6) \
	SQXTN2_16B(v2, v0)   \
	SQXTN_8B(v4, v4)     \
	SMAX_16B(30, v0, v0) \
	SQXTN2_16B(v6, v4)   \
	SMIN_16B(31, v0, v0) \
	SMAX_16B(30, v4, v4) \
	SMIN_16B(31, v4, v4)

// STORE_TILE stores v0 (p0 and p1) and v4 (p2 and p3), then goes to the next tile, row or panel, or returns. Inside a row
// that goes on, R20 and R17 are two columns, for there are more than four.
#define STORE_TILE(v0, f0, v4, f4, t0, ft0, t1, ft1) \
	CMP   $8, R14                                          \
	BLT   partial                                          \
	ADD   R16, R15, R24                                    \
	ADD   R22, R15, R26                                    \
	FMOVD f0, (R15)                                        \
	VST1  v0.D[1], (R24)                                   \
	FMOVD f4, (R15)(R17)                                   \
	VST1  v4.D[1], (R26)                                   \
next:                                                   \
	SUBS  $4, R12                                          \
	BLT   last                                             \
	ADD   R20<<1, R1                                       \
	ADD   R20<<1, R2                                       \
	ADD   R20<<1, R3                                       \
	ADD   R17<<1, R15                                      \
	B     tile                                             \
last:                                                   \
	ADDS  $4, R12                                          \
	BLE   rowdone                                          \
	MUL   R19, R12, R24                                    \
	ADD   R24, R1                                          \
	ADD   R24, R2                                          \
	ADD   R24, R3                                          \
	MADD  R16, R15, R12, R15                               \
	MOVD  $0, R12                                          \
	B     tile                                             \
rowdone:                                                \
	SUBS  $1, R23                                          \
	BNE   row                                              \
	MOVD  dwConvS8_PanelBytes(R0), R24                     \
	ADD   R24, R13                                         \
	SUBS  $8, R14                                          \
	BGT   panel                                            \
	RET                                                    \
partial:                                                \
	ADD   R16, R15, R24                                    \
	ADD   R22, R15, R26                                    \
	VEXT  $8, v0.B16, v0.B16, t0.B16                       \
	VEXT  $8, v4.B16, v4.B16, t1.B16                       \
	STORE_BYTES(t0, ft0, R24, R14, p1b8, p1b4, p1b2, p1b1) \
	STORE_BYTES(t1, ft1, R26, R14, p3b8, p3b4, p3b2, p3b1) \
	MOVD  R15, R24                                         \
	ADD   R17, R15, R26                                    \
	STORE_BYTES(v0, f0, R24, R14, p0b8, p0b4, p0b2, p0b1)  \
	STORE_BYTES(v4, f4, R26, R14, p2b8, p2b4, p2b2, p2b1)  \
	B     next
