"""The filter language that Cloud Logging and Cloud Monitoring share: the parser and its syntax tree."""
