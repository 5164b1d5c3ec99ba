"""Changes of one virtual service, as commands make them in people's configuration text."""
