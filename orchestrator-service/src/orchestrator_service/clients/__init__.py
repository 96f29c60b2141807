"""Our ports to the outside, over HTTP."""
