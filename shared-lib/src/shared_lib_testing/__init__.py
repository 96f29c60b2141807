"""Support for the tests of all services; not part of the wheel that runs."""
