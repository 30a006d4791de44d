"""Shell scripts: what they run, and what becomes of each command's failure."""

from exitgate.observe.shell.fate import CommandFate, Fate, Loss, ScriptFates, ShellOptions, read_script

__all__ = ["CommandFate", "Fate", "Loss", "ScriptFates", "ShellOptions", "read_script"]
