// TRANSPOSE_3 is the body of a kernel over abi.Transpose with three columns: three planes become triples, n = 16/size
// elements of each a step, the rest one by one. lanes, load and store are those of an element of size bytes.
//
//	R6 args, then scratch    R1 R2 R3 planes, R3 first their distance in bytes    R4 y    R5 rows left    V0 V1 V2 planes
#define TRANSPOSE_3(n, size, lanes, load, store) \
	MOVD transpose_X(R6), R1                      \
	MOVD transpose_Y(R6), R4                      \
	MOVD transpose_Rows(R6), R5                   \
	ADD  R3, R1, R2                               \
	ADD  R3, R2, R3                               \
	SUBS $n, R5                                   \
	BLT  tail                                     \
loop:                                                 \
	VLD1.P 16(R1), [V0.lanes]                     \
	VLD1.P 16(R2), [V1.lanes]                     \
	VLD1.P 16(R3), [V2.lanes]                     \
	VST3.P [V0.lanes, V1.lanes, V2.lanes], 48(R4) \
	SUBS   $n, R5                                 \
	BGE    loop                                   \
tail:                                                 \
	ADDS $n, R5                                   \
	BEQ  done                                     \
one:                                                  \
	load.P  size(R1), R6                          \
	store.P R6, size(R4)                          \
	load.P  size(R2), R6                          \
	store.P R6, size(R4)                          \
	load.P  size(R3), R6                          \
	store.P R6, size(R4)                          \
	SUBS    $1, R5                                \
	BNE     one                                   \
done:                                                 \
	RET
