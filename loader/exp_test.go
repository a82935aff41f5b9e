package loader
import ("testing";"math";"time";"github.com/klauspost/compress/zstd")
func TestExp(t *testing.T){
 for _, g := range []any{mlp(784,128,10), cnn()} { _ = g }
 for _, v := range append(mlp(784,128,10).Values(), cnn().Values()...) {
  if v.Const==nil || v.SizeBytes()<10000 {continue}
  b:=v.Const.Data.Bytes()
  var h [256]float64
  for _,x:=range b {h[x]++}
  e:=0.0
  for _,n:=range h { if n>0 {e-=n*math.Log2(n/float64(len(b)))}}
  t.Logf("%s %d entropy %.0f", v.Name, len(b), e/8)
  for l:=zstd.SpeedFastest; l<=zstd.SpeedBestCompression; l++ {
   for _, w := range []int{1<<10, 1<<17,8<<20} {
   s:=time.Now()
   z,err:=zstd.NewWriter(nil,zstd.WithEncoderLevel(l),zstd.WithEncoderConcurrency(1),zstd.WithWindowSize(w),zstd.WithEncoderCRC(false),zstd.WithAllLitEntropyCompression(true))
   if err!=nil {t.Fatal(err)}
   t.Logf("  %v %d: %d  %v", l, w, len(z.EncodeAll(b,nil)), time.Since(s))
  }}
 }
}
