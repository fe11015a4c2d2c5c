"""What the warm process, and the kernels of a headless run, may find in their environment: what programs need, no more.

A run judges the saved snapshot, so its kernels need no credential; yet the shell that started it may hold some, of
this incident (``--reuse`` fetches none), of the others of a sweep, or of anything else. Nobody can tell a token's
variable by its name: so what may pass is named, not what may not.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = frozenset({
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "COVERAGE_PROCESS_START"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERNAME", "USERPROFILE"),  # Windows
    *("APPDATA", "LOCALAPPDATA", "PROGRAMDATA"),
    *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_DEFAULT_MEMORY_POOL"),
    *("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONHASHSEED", "PYTHONNOUSERSITE"),
    *("PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED", "PYTHONWARNINGS"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"),
    *("SCIMRUNBOOK_FORK", "SCIMRUNBOOK_MODE", "SCIMRUNBOOK_OUTPUTS"),
})  # fmt: skip
_BEGIN = "LC_"


def bare(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of ``environment`` that may pass."""
    return {n: v for n, v in environment.items() if n.upper() in _NAMES or n.upper().startswith(_BEGIN)}
