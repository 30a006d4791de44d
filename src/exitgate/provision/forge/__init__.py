"""A throwaway forge: a bare repository that takes or refuses a `git push` by GitHub's rules, as they are modelled."""

from exitgate.provision.forge.repository import Forge, Pushed, throwaway_forge

__all__ = ["Forge", "Pushed", "throwaway_forge"]
