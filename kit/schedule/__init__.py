"""Schedules: one engine, `kit schedule tick`, behind cron, systemd and Kubernetes; and Airflow DAGs."""
