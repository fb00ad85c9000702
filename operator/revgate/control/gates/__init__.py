"""The gates that the operator answers: the scheduling gate of pods, and the same question over HTTP."""
