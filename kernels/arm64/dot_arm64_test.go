package arm64

import (
	"os"
	"strings"
)

func hasDot() bool { return !strings.Contains(os.Getenv("CPU"), "nodot") }
