//go:build nodemo

package main

import "github.com/spf13/cobra"

// demoCommand is left out of builds with the tag nodemo.
func demoCommand() *cobra.Command { return nil }
