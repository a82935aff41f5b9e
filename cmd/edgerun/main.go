// Command edgerun quantizes trained networks to int8 on the host and runs them on small boards.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"edgerun/kernels"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
	exitSignal = 130 // as shells have it for Ctrl-C
)

// usageError marks an error in how the command was called.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() { os.Exit(run(os.Args[1:])) }

// run executes the command line and returns the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends what does not look at ctx
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, syscall.EPIPE): // the reader of our output has seen enough
		return 0
	case errors.As(err, new(interrupted)):
		fmt.Fprintln(os.Stderr, "edgerun:", err)
		return exitSignal
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "edgerun: interrupted")
		return exitFailed
	}
	fmt.Fprintf(os.Stderr, "edgerun: %s\n", strings.ReplaceAll(err.Error(), "\n", "\nedgerun: "))
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailed
}

// newRoot builds the command tree.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "edgerun",
		Short:         "Quantize networks to int8 and run them on small Arm boards",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(demoCommand(), quantizeCommand(), convertCommand(), runCommand(), evalCommand(), compareCommand(), benchCommand(), featuresCommand(), finetuneCommand(), explainCommand(), collectCommand(), rollbackCommand(), inspectCommand(), infoCommand())
	for _, c := range root.Commands() {
		if check := c.Args; check != nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if err := check(c, args); err != nil {
					return usagef("%s: %w; usage: %s", c.Name(), err, c.UseLine())
				}
				return nil
			}
		}
	}
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("unknown command %q; see 'edgerun --help'", args[0])
		}
		return nil
	}
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return root
}

// engine are the flags that choose how a network runs.
type engine struct {
	kernels string
	threads int
}

func (e *engine) flags(c *cobra.Command) {
	c.Flags().StringVar(&e.kernels, "kernels", "auto", "kernel set: auto, generic, or one that 'edgerun info' lists")
	c.Flags().IntVar(&e.threads, "threads", 1, "threads inside one inference; 0 means all CPUs")
}

func (e *engine) set() (*kernels.Set, error) {
	s, err := kernels.Lookup(e.kernels)
	if err != nil {
		return nil, usageError{err}
	}
	if e.threads < 0 || e.threads > 256 {
		return nil, usagef("--threads %d outside [0,256]", e.threads)
	}
	return s, nil
}
