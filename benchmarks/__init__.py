"""How fast exitgate is, beside a peer and by itself; run from the checkout, never installed."""
