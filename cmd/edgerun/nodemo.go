//go:build nodemo

package main

import "github.com/spf13/cobra"

// demoCommand says that this build has no demo.
func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "demo",
		Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return usagef("demo: this binary was built with the tag nodemo, without the demo's networks")
		},
	}
}
