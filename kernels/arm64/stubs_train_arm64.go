package arm64

import "edgerun/kernels/abi"

// The arguments of the kernels of training, by the names of go_asm.h.
type (
	matMulF32     = abi.MatMulF32
	clampMaskF32  = abi.ClampMaskF32
	maskF32       = abi.MaskF32
	mulAddF32     = abi.MulAddF32
	sgdF32        = abi.SGDF32
	adamF32       = abi.AdamF32
	sumSquaresF32 = abi.SumSquaresF32
)

//go:noescape
func MatMulF32NEON(a *abi.MatMulF32)

//go:noescape
func ClampMaskF32NEON(a *abi.ClampMaskF32)

//go:noescape
func MaskF32NEON(a *abi.MaskF32)

//go:noescape
func MulAddF32NEON(a *abi.MulAddF32)

//go:noescape
func SGDF32NEON(a *abi.SGDF32)

//go:noescape
func AdamF32NEON(a *abi.AdamF32)

//go:noescape
func SumSquaresF32NEON(a *abi.SumSquaresF32)
