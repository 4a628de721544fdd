"""Alerts: report what the checks found, once per incident, even when a channel is down."""
