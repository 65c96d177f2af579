"""How strict the local cloud is: relaxed, as on a laptop, or as in production."""
