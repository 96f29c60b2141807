"""What people do from the command line beyond running the service; each module adds its arguments and does it."""
