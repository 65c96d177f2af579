"""Cloud Storage for the local cloud: a store of buckets and objects, and its JSON API over HTTP."""
