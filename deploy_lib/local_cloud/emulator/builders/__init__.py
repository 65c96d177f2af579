"""The commands of Google's builder images (docker, gsutil, gcloud), carried out by the local cloud."""
