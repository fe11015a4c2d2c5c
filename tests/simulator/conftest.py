"""Fixtures of the practice Catalog."""

from tests.simulator.catalogs import _running, served

__all__ = ["_running", "served"]
