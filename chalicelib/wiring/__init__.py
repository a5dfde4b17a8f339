"""From the environment to adapters, and from those to routes and handlers."""
