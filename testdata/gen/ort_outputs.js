// Run ONNX Runtime on each NAME.onnx of a folder and write its outputs: NAME.out0.npy …, float32 whatever their type is.
// Models named gpu_* are left out.
//
//     npm install onnxruntime-node && node testdata/gen/ort_outputs.js DIR
const fs = require('fs'), path = require('path');
const ort = require('onnxruntime-node');

function read(file) {
  const b = fs.readFileSync(file), end = 10 + b.readUInt16LE(8);
  const dims = /\(([^)]*)\)/.exec(b.toString('latin1', 10, end))[1].split(',').filter(s => s.trim()).map(Number);
  return [dims, new Float32Array(b.buffer.slice(b.byteOffset + end, b.byteOffset + b.length))];
}

function write(file, dims, data) {
  let head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims.join(', ')}${dims.length === 1 ? ',' : ''}), }`;
  head = head.padEnd(64 * Math.ceil((head.length + 11) / 64) - 11) + '\n';
  const b = Buffer.alloc(10 + head.length);
  b.write('\x93NUMPY\x01\x00', 'latin1');
  b.writeUInt16LE(head.length, 8);
  b.write(head, 10, 'latin1');
  const f = Float32Array.from(data, Number);
  fs.writeFileSync(file, Buffer.concat([b, Buffer.from(f.buffer)]));
}

(async () => {
  const dir = process.argv[2];
  for (const file of fs.readdirSync(dir).filter(f => f.endsWith('.onnx') && !f.startsWith('gpu_')).sort()) {
    const base = path.join(dir, file.slice(0, -5));
    try {
      const s = await ort.InferenceSession.create(base + '.onnx', { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 });
      const feeds = {};
      s.inputMetadata.forEach((m, i) => {
        const [dims, x] = read(`${base}.in${i}.npy`);
        feeds[m.name] = new ort.Tensor(m.type, m.type === 'int64' ? BigInt64Array.from(x, BigInt) : m.type === 'int32' ? Int32Array.from(x) : x, dims);
      });
      const y = await s.run(feeds);
      s.outputNames.forEach((n, i) => write(`${base}.out${i}.npy`, y[n].dims, y[n].data));
    } catch (e) {
      console.log(file, String(e).slice(0, 300));
      process.exitCode = 1;
    }
  }
})();
