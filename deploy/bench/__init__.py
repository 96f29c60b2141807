"""Benchmarks: the system against floors, which do the least that the same work could cost."""
