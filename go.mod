module edgerun

go 1.26
