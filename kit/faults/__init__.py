"""The fault lab: put named faults into a copy of a span, and see which of the project's checks catch them."""
