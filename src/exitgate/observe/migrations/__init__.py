"""What can be seen of a service's migrations: files, history, what linters say of them, and what they do to real databases."""
