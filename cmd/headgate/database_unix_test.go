//go:build unix

package main

import "github.com/headgate/headgate/integrations/store/pgtest"

var runTests = pgtest.Main
