"""When chains run by themselves: one engine, `kit schedule tick`, behind cron, systemd and Kubernetes; and Airflow."""
