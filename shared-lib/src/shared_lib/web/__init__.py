"""What all HTTP services have in common."""
