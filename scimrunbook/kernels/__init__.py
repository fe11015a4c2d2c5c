"""Kernels that start in a twentieth of a second: one warm process imports the stack once and forks per notebook.

Each notebook still has a process of its own. Linux only, and only while the warm process has a single thread (forking a
threaded process is unsound); everywhere else, and whenever in doubt, it is an ordinary kernel with the same results.
``SCIMRUNBOOK_FORK=off`` asks for ordinary kernels.
"""
