"""What a lapse is and what may happen to it."""
