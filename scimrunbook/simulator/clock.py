"""The virtual clock: engines move it, every timestamp in the simulated world reads it."""

from __future__ import annotations

from datetime import datetime


class Clock:
    """Time stands still unless somebody moves it, so the same seed gives the same tenant to the byte."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def to(self, moment: datetime) -> None:
        """Moves forward to ``moment``; raises ValueError for a step back."""
        if moment < self.now:
            raise ValueError(f"the clock does not run backwards: {self.now} → {moment}")
        self.now = moment
