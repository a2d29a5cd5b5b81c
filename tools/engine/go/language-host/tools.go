//go:build tools

// Pins the language host for Node.js: the newest that builds apart from the CLI; see tools/engine/pulumi.ts.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
