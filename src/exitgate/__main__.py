"""``python -m exitgate``: the command line."""

from exitgate.cli import main

if __name__ == "__main__":
    main()
