"""Who may do what: principals, roles and bindings (role-based access control)."""
