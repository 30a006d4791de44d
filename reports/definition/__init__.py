"""What a report looks like: the templates and style sheets that `exitgate.reporting` fills."""
