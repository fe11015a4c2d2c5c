"""Faces: they show findings, they compute nothing."""
