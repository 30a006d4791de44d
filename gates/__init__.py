"""Gates: catalogues, and the assertions that they list."""
