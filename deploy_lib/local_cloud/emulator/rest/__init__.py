"""The RPCs over HTTP and JSON, at the same addresses as Google's: for REST clients, and for gcloud."""
