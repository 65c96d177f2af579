"""Who asks a service that is not public: an identity token for that service, and never anything else.

An access token may deploy, build and read the project; whatever is released would receive it. So none leaves for a
service, under any kind of credentials, and no token at all for a service that takes requests without one.
"""
