// TRANSPOSE_3 is the body of a kernel over abi.Transpose with three columns: three planes become triples, n elements of
// each a step, which fill 64 bytes. The last step reads up to 63 bytes past a plane's end and stores under masks.
//
// triples<> says where each of the 3n elements of a step comes from: element i from row i/3 of plane i%3; for plane 1 it
// adds n, as permute2, the permutation of two registers, wants.
//
//	AX args    SI plane 0    BX plane 1 - plane 0, in bytes    CX rows left    DI y    AX DX R8 R9 scratch
//	Z0 Z1 Z2 planes    Z3 Z4 Z5 results    Z16 Z17 Z18 triples<>    K1 K2 K3 elements that come from plane 2
//	K4 elements to store
#define TRANSPOSE_3(n, move, movemask, permute, permute2) \
	MOVQ      transpose_X(AX), SI       \
	MOVQ      transpose_Y(AX), DI       \
	MOVQ      transpose_Rows(AX), CX    \
	VMOVDQU64 triples<>+0(SB), Z16      \
	VMOVDQU64 triples<>+64(SB), Z17     \
	VMOVDQU64 triples<>+128(SB), Z18    \
	MOVQ      $0x4924924924924924, AX   \
	movemask  AX, K1                    \
	MOVQ      $0x2492492492492492, AX   \
	movemask  AX, K2                    \
	MOVQ      $0x9249249249249249, AX   \
	movemask  AX, K3                    \
	JMP       next                      \
loop:                                       \
	TRIPLES(move, permute, permute2)    \
	move Z3, (DI)                       \
	move Z4, 64(DI)                     \
	move Z5, 128(DI)                    \
	ADDQ $64, SI                        \
	ADDQ $192, DI                       \
next:                                       \
	SUBQ $n, CX                         \
	JGE  loop                           \
	ADDQ $n, CX                         \
	JEQ  done                           \
	TRIPLES(move, permute, permute2)    \
	LEAQ (CX)(CX*2), DX                 \
	MOVQ $n, AX                         \
	PART(Z3, 0, move, movemask, done)   \
	PART(Z4, 64, move, movemask, done)  \
	PART(Z5, 128, move, movemask, done) \
done:                                       \
	VZEROUPPER                          \
	RET

#define TRIPLES(move, permute, permute2) \
	move      (SI), Z0        \
	move      (SI)(BX*1), Z1  \
	move      (SI)(BX*2), Z2  \
	VMOVDQA64 Z16, Z3         \
	VMOVDQA64 Z17, Z4         \
	VMOVDQA64 Z18, Z5         \
	permute2  Z1, Z0, Z3      \
	permute2  Z1, Z0, Z4      \
	permute2  Z1, Z0, Z5      \
	permute   Z2, Z16, K1, Z3 \
	permute   Z2, Z17, K2, Z4 \
	permute   Z2, Z18, K3, Z5

// PART stores what is left of a result's elements; AX is how many it has, DX how many are left.
#define PART(z, at, move, movemask, done) \
	CMPQ     DX, AX        \
	MOVQ     AX, R8        \
	CMOVQLT  DX, R8        \
	MOVQ     $-1, R9       \
	BZHIQ    R8, R9, R9    \
	movemask R9, K4        \
	move     z, K4, at(DI) \
	SUBQ     AX, DX        \
	JLE      done
