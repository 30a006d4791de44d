"""A model of IAM, pure: from policies and a request to allowed, denied or unknown, with the statements that decide."""

from exitgate.rights.context import Context
from exitgate.rights.documents import Document, MalformedPolicyError, Statement, read_document
from exitgate.rights.evaluation import Decision, Policies, Request, Verdict, decide
from exitgate.rights.patterns import hidden
from exitgate.rights.principals import Principal

__all__ = [
    "Context",
    "Decision",
    "Document",
    "MalformedPolicyError",
    "Policies",
    "Principal",
    "Request",
    "Statement",
    "Verdict",
    "decide",
    "hidden",
    "read_document",
]
