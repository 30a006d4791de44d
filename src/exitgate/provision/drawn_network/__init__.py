"""A planned network drawn with the kernel's own means: a namespace for each address, packet filters for groups and lists of rules.

What decides here is Linux: its packet filter and its routing. Nothing of the model of reachability is asked.
"""

from exitgate.provision.drawn_network.drawing import STRANGER, Drawing, Host, drawing_of
from exitgate.provision.drawn_network.namespaces import Namespace, drawn

__all__ = ["STRANGER", "Drawing", "Host", "Namespace", "drawing_of", "drawn"]
