"""Cloud Run's v1 API, the Knative one that gcloud speaks, in front of the v2 RPCs: it keeps nothing itself."""
