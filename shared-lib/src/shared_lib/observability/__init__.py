"""Logs, metrics, traces, request ids and the container's health check."""
