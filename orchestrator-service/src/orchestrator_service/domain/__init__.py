"""What the orchestrator knows and decides, without any framework."""
