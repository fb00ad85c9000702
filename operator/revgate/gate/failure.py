"""What both drivers raise: a module of its own, so that neither loads the other."""


class Failure(Exception):  # noqa: N818 - a failed look is no error of the gate
    """The database could not be asked: the words of libpq or of the server, and its SQLSTATE ("" before the login)."""

    def __init__(self, text: str, sqlstate: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.sqlstate = sqlstate


class NoAnswer(Failure):
    """The server took the login and then said nothing."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")


class TimedOut(Failure):
    """One host did not let us in; `address` is the one of its addresses that was tried last."""

    def __init__(self, text: str, address: str) -> None:
        super().__init__(text)
        self.address = address
