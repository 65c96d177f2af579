"""Deploys a Python service to Google Cloud Run through staged steps, each of which can stop the release."""
