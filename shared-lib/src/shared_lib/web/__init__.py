"""What every HTTP service of the house does the same way."""
