"""Facts that went wrong."""


class LapseNotFound(Exception):
    def __init__(self) -> None:
        super().__init__("There is no lapse record here that you may see.")


class NotYourLapse(Exception):
    def __init__(self) -> None:
        super().__init__("Only the responsible coordinator can acknowledge this lapse.")


class MayNotDelete(Exception):
    def __init__(self) -> None:
        super().__init__("Only an administrator may delete a lapse record.")


class AlreadyAcknowledged(Exception):
    def __init__(self) -> None:
        super().__init__("An acknowledgement cannot be taken back.")


class AcknowledgedAtOutOfRange(Exception):
    """The message says what is expected."""


class StaleVersion(Exception):
    def __init__(self) -> None:
        super().__init__("The record has changed since you read it.")
