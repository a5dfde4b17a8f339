"""Errors of ``make run``: why sedo cannot run on this machine, for the person at the terminal."""


class LocalError(Exception):
    """sedo cannot run here."""


class BackendError(LocalError):
    """ministack did not start, or has ended by itself."""


class NotDrivenError(LocalError):
    """This event source is not driven locally."""
