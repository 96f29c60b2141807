"""Facts that stop an announcement; each carries its sentence and knows no HTTP."""


class MentorNotFound(Exception):
    """Also said of mentors who belong to others: the two must not be told apart."""

    def __init__(self) -> None:
        super().__init__("No mentor with this id.")


class DispatchNotFound(Exception):
    def __init__(self) -> None:
        super().__init__("No dispatch under this key.")


class NotEntitled(Exception):
    """The token is good, but none of its roles announces anything."""

    def __init__(self) -> None:
        super().__init__("Your role may not send notices.")
