"""What can be asked of this service; the only place that opens transactions."""
