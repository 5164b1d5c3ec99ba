from tests.lab.fixtures import booted_lab

__all__ = ["booted_lab"]
