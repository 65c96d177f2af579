"""Pub/Sub: topics, and what was published to them."""
