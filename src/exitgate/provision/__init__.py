"""Throwaway resources: context managers that carry the run's label and leave nothing behind. No pytest in here."""
