"""The fault lab: named faults put into a copy of a span, and what the project's checks say to each."""
