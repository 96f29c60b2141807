"""What can be asked of the orchestrator. Use cases alone open transactions."""
