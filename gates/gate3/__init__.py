"""Gate 3: CI/CD and infrastructure readiness."""
