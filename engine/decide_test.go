package engine_test

import (
	"context"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestADeadlineIsAFailureToDecide(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cases := []engine.Case{{Input: input(engine.EventPush, "")}}
	if err := load(t, nil, nil).Decide(ctx, cases, now); err == nil {
		t.Error("decided after the end")
	}
}
