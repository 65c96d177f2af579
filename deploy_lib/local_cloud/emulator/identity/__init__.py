"""Where tokens come from: the metadata server of a machine, the Security Token Service, and IAM Credentials."""
