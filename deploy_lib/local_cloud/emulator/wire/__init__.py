"""The wire of the local cloud: Google's protocols in front of services that know none of them."""
