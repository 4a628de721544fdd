"""Alerts: tell whoever should know what the checks found, once per incident, even when a channel is down."""
