"""The checkout's own pytest set-up: the lifetimes that gate modules use."""

pytest_plugins = ["exitgate.fixtures"]
