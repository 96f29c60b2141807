"""The ports over SMTP, push and HTTP."""
