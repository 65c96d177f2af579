"""Who asks a service that is not public: an identity token, and never an access token.

An access token may deploy, build and read the project; whatever is released would receive it. So none leaves for a
service, under any kind of credentials. An identity token is for that service alone, but a login's: its audience is
gcloud, and every service that the person may invoke takes it. None goes out before a request was refused, nor to a
service that is known to take requests without one; docs/decisions/022 says where that cannot be known.
"""
