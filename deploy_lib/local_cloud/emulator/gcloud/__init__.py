"""The way in for an unmodified gcloud: TLS for googleapis.com, behind a proxy that leads nowhere else."""
