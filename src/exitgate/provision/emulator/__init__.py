"""An emulator of AWS of a run's own, on loopback: installed apart, started, tried out, and ended."""

from exitgate.provision.emulator.capabilities import Capabilities, is_refusal, probe
from exitgate.provision.emulator.installation import Installation, emulator_cache, installed_emulator, pinned
from exitgate.provision.emulator.server import ROOT_SECRET, Emulator, client_of, throwaway_emulator

__all__ = [
    "ROOT_SECRET",
    "Capabilities",
    "Emulator",
    "Installation",
    "client_of",
    "emulator_cache",
    "installed_emulator",
    "is_refusal",
    "pinned",
    "probe",
    "throwaway_emulator",
]
