"""Who may do what: projects and tokens."""
