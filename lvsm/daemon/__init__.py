"""The worker: handlers, the reconciler, peers and the server, run by one event loop."""
