"""What every answer says to browsers and caches, whoever in the process writes it."""

NO_CONTENT_OF_ITS_OWN = "default-src 'none'; frame-ancestors 'none'"

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": NO_CONTENT_OF_ITS_OWN,
}
