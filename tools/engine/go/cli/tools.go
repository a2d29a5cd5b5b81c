//go:build tools

// Pins the Pulumi CLI for machines that cannot reach its installer; see tools/engine/pulumi.ts.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
