package main

import (
	"context"
	"os"

	"edgerun/quant/calib"
)

// stdinPath stands for the standard input among the files of a command.
const stdinPath = "-"

// readStdin reads the texts of the standard input; a read that waits does not keep ctx from ending it.
func readStdin(ctx context.Context) (calib.Dataset, error) {
	type result struct {
		ds  calib.Dataset
		err error
	}
	read := make(chan result, 1)
	go func() {
		ds, err := calib.ReadTexts("standard input", os.Stdin)
		read <- result{ds, err}
	}()
	select {
	case r := <-read:
		return r.ds, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
