"""Transform: building blocks for a project's preprocessing_fn, the component, and the check of serving parity."""
