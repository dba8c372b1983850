"""What goes wrong in an export."""


class ExportError(RuntimeError):
    """A model cannot be exported to a target, or a build misses its bar. Nothing was written."""
