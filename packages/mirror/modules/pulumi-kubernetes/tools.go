//go:build tools

package tools

// The module's generator needs it.
import _ "github.com/pulumi/pulumi/pkg/v3/codegen/schema"
