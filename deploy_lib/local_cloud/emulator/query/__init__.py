"""The filter language that Cloud Logging and Cloud Monitoring share: text to a tree, without any meaning yet."""
