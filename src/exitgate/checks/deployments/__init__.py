"""Rules for deployments (task 3.5)."""
