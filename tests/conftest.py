"""Shared set-up of exitgate's own tests."""

pytest_plugins = ["pytester"]
