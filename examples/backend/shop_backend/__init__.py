"""A small shop, made to be released."""
