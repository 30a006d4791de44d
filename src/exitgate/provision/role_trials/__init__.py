"""What roles may do where IAM is enforced, seen by calls with their own credentials."""

from exitgate.provision.role_trials.calls import CALLS, LISTINGS, Call
from exitgate.provision.role_trials.identities import forget_identities
from exitgate.provision.role_trials.trials import Needed, try_roles

__all__ = ["CALLS", "LISTINGS", "Call", "Needed", "forget_identities", "try_roles"]
