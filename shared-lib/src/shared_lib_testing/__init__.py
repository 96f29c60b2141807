"""What the tests of every service lean on; never imported by a service itself."""
