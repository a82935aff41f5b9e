package tflite

// entry says how an operator is translated: the function for any of its versions, the type of its options in the file's
// union, and how many fields of them are known.
type entry struct {
	translate func(*call)
	options   byte
	fields    int
}

// operators are TFLite's operators by name.
var operators = map[string]entry{
	"ADD":                     {importAdd, 11, 2},
	"AVERAGE_POOL_2D":         {importAveragePool2D, 5, 6},
	"BATCH_MATMUL":            {importBatchMatMul, 101, 3},
	"CAST":                    {importCast, 37, 2},
	"CONCATENATION":           {importConcatenation, 10, 2},
	"CONV_2D":                 {importConv2D, 1, 7},
	"DEPTHWISE_CONV_2D":       {importDepthwiseConv2D, 2, 7},
	"DEQUANTIZE":              {importDequantize, 38, 0},
	"DIV":                     {importDiv, 29, 1},
	"EXPAND_DIMS":             {importExpandDims, 52, 0},
	"FULLY_CONNECTED":         {importFullyConnected, 8, 5},
	"HARD_SWISH":              {importHardSwish, 91, 0},
	"LEAKY_RELU":              {importLeakyRelu, 75, 1},
	"LOGISTIC":                {importLogistic, 0, 0},
	"LOG_SOFTMAX":             {importLogSoftmax, 36, 0},
	"MAX_POOL_2D":             {importMaxPool2D, 5, 6},
	"MEAN":                    {importMean, 27, 1},
	"MIRROR_PAD":              {importMirrorPad, 77, 1},
	"MUL":                     {importMul, 21, 1},
	"PACK":                    {importPack, 59, 2},
	"PAD":                     {importPad, 22, 0},
	"PADV2":                   {importPadV2, 43, 0},
	"PRELU":                   {importPRelu, 0, 0},
	"QUANTIZE":                {importQuantize, 89, 0},
	"RELU":                    {importRelu, 0, 0},
	"RELU6":                   {importRelu6, 0, 0},
	"RELU_0_TO_1":             {importRelu0To1, 0, 0},
	"RELU_N1_TO_1":            {importReluN1To1, 0, 0},
	"RESHAPE":                 {importReshape, 17, 1},
	"RESIZE_BILINEAR":         {importResizeBilinear, 15, 4},
	"RESIZE_NEAREST_NEIGHBOR": {importResizeNearestNeighbor, 74, 2},
	"SHAPE":                   {importShape, 55, 1},
	"SLICE":                   {importSlice, 48, 0},
	"SOFTMAX":                 {importSoftmax, 9, 1},
	"SPLIT":                   {importSplit, 35, 1},
	"SPLIT_V":                 {importSplitV, 79, 1},
	"SQUEEZE":                 {importSqueeze, 30, 1},
	"STRIDED_SLICE":           {importStridedSlice, 32, 6},
	"SUB":                     {importSub, 28, 2},
	"TANH":                    {importTanh, 0, 0},
	"TRANSPOSE":               {importTranspose, 26, 0},
	"TRANSPOSE_CONV":          {importTransposeConv, 49, 5},
	"UNPACK":                  {importUnpack, 64, 2},
}
