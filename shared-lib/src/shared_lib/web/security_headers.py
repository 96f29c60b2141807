"""The headers of every response, from Flask and from gunicorn: nothing is cached, framed or sniffed."""

NO_CONTENT_OF_ITS_OWN = "default-src 'none'; frame-ancestors 'none'"

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": NO_CONTENT_OF_ITS_OWN,
}
