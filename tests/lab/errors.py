"""The one exception root of the lab."""


class LabError(Exception):
    """The lab cannot do what was asked; the message says why and what to do."""
