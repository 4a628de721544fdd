"""Alerts: what the checks find, told once an incident to whoever should know, through channels that may be down."""
