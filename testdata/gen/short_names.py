"""Short names for the values of small exports."""

import onnx


def shorten(path):
    """Drops the names that the exporter makes of its module paths: most of the file."""
    m = onnx.load(path)
    keep = {v.name for v in list(m.graph.input) + list(m.graph.output)}
    short = {}
    for n in m.graph.node:
        n.name, n.doc_string = '', ''
        for names in (n.input, n.output):
            for i, s in enumerate(names):
                if s and s not in keep:
                    names[i] = short.setdefault(s, f'v{len(short)}')
    for t in m.graph.initializer:
        t.name = short.get(t.name, t.name)
    del m.graph.value_info[:]
    onnx.save(m, path)
