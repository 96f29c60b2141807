"""Personal data: encryption, retention, export."""
