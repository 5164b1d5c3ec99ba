"""The web client: a Flask application that talks to a cluster as `lvsm` does, by `lvsm.client`.

Law: it knows nothing of plvsd but what the line protocol says, keeps no password, and changes
nothing that the person at the browser may not change by `lvsm`: plvsd decides that, every time.
"""
