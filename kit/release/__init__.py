"""Release: signatures, the package, the fresh server that checks it, push and rollback."""
