"""Google's protocols (gRPC, HTTP) in front of services that do not know them."""
