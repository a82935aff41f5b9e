package onnx

// operators are ONNX's operators by name, each with the function that translates any of its versions.
var operators = map[string]func(*call){
	"Add":                importAdd,
	"AveragePool":        importAveragePool,
	"BatchNormalization": importBatchNormalization,
	"Cast":               importCast,
	"Clip":               importClip,
	"Constant":           importConstant,
	"Conv":               importConv,
	"Dropout":            importDropout,
	"Flatten":            importFlatten,
	"Gemm":               importGemm,
	"GlobalAveragePool":  importGlobalAveragePool,
	"GlobalMaxPool":      importGlobalMaxPool,
	"Identity":           importIdentity,
	"LogSoftmax":         importLogSoftmax,
	"MatMul":             importMatMul,
	"MaxPool":            importMaxPool,
	"Mul":                importMul,
	"Relu":               importRelu,
	"Reshape":            importReshape,
	"Softmax":            importSoftmax,
	"Squeeze":            importSqueeze,
	"Transpose":          importTranspose,
	"Unsqueeze":          importUnsqueeze,
}
