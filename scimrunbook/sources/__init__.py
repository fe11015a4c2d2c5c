"""Where facts come from: live APIs, exported files. The only rooms that talk to the outside; read-only."""
