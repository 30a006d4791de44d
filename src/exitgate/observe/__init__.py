"""Facts about the target, without opinion. Observers are called ``read_*``; what they return is frozen."""
