package op

// AttentionGeometry is where the heads of an Attention lie in its operands: what other code than the operator's own needs.
type AttentionGeometry struct {
	x      attentionExtents
	Scale  float32
	Causal bool
}

// AttentionOf returns the geometry of a node of Attention or AttentionBias with its extents.
func AttentionOf(n *Node) (g AttentionGeometry, err error) {
	q, k, v := &n.In[0].Shape, &n.In[1].Shape, &n.In[2].Shape
	if m := optional(n, 3); m != nil {
		g.x, _, err = readAttention(headsOf(n.Attrs), q, k, v, &m.Shape)
	} else {
		g.x, _, err = readAttention(headsOf(n.Attrs), q, k, v, nil)
	}
	g.Scale = float32(attentionFactor(n.Attrs, g.x.d))
	g.Causal = n.Attrs.Int("causal", 0) != 0
	return g, err
}

// Heads are batches times heads of queries.
func (g *AttentionGeometry) Heads() int { return g.x.n * g.x.h }

// Keys and Queries are their numbers, KeySize and ValueSize the elements of a head of q and k, and of v and y.
func (g *AttentionGeometry) Keys() int      { return g.x.sk }
func (g *AttentionGeometry) Queries() int   { return g.x.sq }
func (g *AttentionGeometry) KeySize() int   { return g.x.d }
func (g *AttentionGeometry) ValueSize() int { return g.x.e }

// At returns where a head begins in q, k, v and y, and Rows how far apart its rows are.
func (g *AttentionGeometry) At(head int) (q, k, v, y int) {
	n, h := head/g.x.h, head%g.x.h
	kv := h * g.x.g / g.x.h
	return n*g.x.q.batch + h*g.x.q.head, n*g.x.k.batch + kv*g.x.k.head, n*g.x.v.batch + kv*g.x.v.head, n*g.x.y.batch + h*g.x.y.head
}
func (g *AttentionGeometry) Rows() (q, k, v, y int) {
	return g.x.q.row, g.x.k.row, g.x.v.row, g.x.y.row
}

// Mask returns where the mask of a head's query begins, and how far apart its keys are.
func (g *AttentionGeometry) Mask(head, query int) (at, step int) {
	return head/g.x.h*g.x.mask[0] + head%g.x.h*g.x.mask[1] + query*g.x.mask[2], g.x.mask[3]
}

// MatMulExtents returns those of a BatchMatMul's matrices: [M,K]·[K,N].
func MatMulExtents(n *Node) (m, k, cols int) {
	return matmulExtents(n.Attrs, n.In[0].Shape, n.In[1].Shape)
}
