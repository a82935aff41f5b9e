package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"edgerun/loader"
)

// rollbackCommand brings back the version of a model file before the last tuning in place.
func rollbackCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback MODEL.edge",
		Short: "Bring back the version of a model file before the last 'finetune --in-place'",
		Long: `Bring back the version of a model file before the last 'edgerun finetune --in-place', which is
kept as MODEL.edge.prev. What is replaced is kept there in its turn: a second rollback
undoes the first. At any time MODEL.edge is one of both versions, whole.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			from, to, err := loader.Rollback(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: version %d is back; version %d is kept as %s\n", args[0], to, from, loader.PreviousPath(args[0]))
			return err
		},
	}
}
