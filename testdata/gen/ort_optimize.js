// Write a model as ONNX Runtime's optimizer leaves it (level "extended": fused operators, no layouts of one machine).
//
//     npm install onnxruntime-node && node testdata/gen/ort_optimize.js IN.onnx OUT.onnx
const ort = require('onnxruntime-node');
const [from, to] = process.argv.slice(2);
ort.InferenceSession.create(from, { graphOptimizationLevel: 'extended', optimizedModelFilePath: to, logSeverityLevel: 3 });
