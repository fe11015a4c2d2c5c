"""One name, apart from the engine, so that a notebook's kernel need not import papermill to read it."""

# Set in the kernels that our engine starts. A notebook that does not find it says that its output is raw and private.
MODE_VARIABLE = "SCIMRUNBOOK_MODE"
