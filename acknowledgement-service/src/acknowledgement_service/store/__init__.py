"""Tables, and the functions that read and write them in the caller's transaction."""
