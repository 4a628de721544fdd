"""Release: what a model's signatures take and give, the package, a fresh server that checks it, push and rollback."""
