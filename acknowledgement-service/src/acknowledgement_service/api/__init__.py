"""HTTP: routes, schemas, access and metrics."""
