"""Emulators of AWS: one of a run's own on loopback, installed apart, started, tried out, and ended; and one that the user runs."""

from exitgate.provision.emulator.capabilities import Capabilities, is_refusal, probe
from exitgate.provision.emulator.endpoint import ApiEndpoint
from exitgate.provision.emulator.given import GivenEndpoint, check_endpoint, given_endpoint
from exitgate.provision.emulator.installation import Installation, emulator_cache, installed_emulator, pinned
from exitgate.provision.emulator.server import ACCOUNTS, ROOT_SECRET, Emulator, client_of, throwaway_emulator

__all__ = [
    "ACCOUNTS",
    "ROOT_SECRET",
    "ApiEndpoint",
    "Capabilities",
    "Emulator",
    "GivenEndpoint",
    "Installation",
    "check_endpoint",
    "client_of",
    "emulator_cache",
    "given_endpoint",
    "installed_emulator",
    "is_refusal",
    "pinned",
    "probe",
    "throwaway_emulator",
]
