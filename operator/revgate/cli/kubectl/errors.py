"""What ends a verb: one sentence for a person, and exit code 1.

PluginError
├── NotFoundError    the API server has no such object
├── ForbiddenError   the caller has no right to it, or a policy refused
└── ConflictError    the object changed since it was read
"""


class PluginError(Exception):
    """Something that a person must mend."""


class NotFoundError(PluginError):
    """The API server has no such object."""


class ForbiddenError(PluginError):
    """The caller has no right to it, or a policy refused; the sentence says which."""


class ConflictError(PluginError):
    """The object changed since it was read."""
