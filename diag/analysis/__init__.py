"""Facts worked out from facts, and the domain logic behind them, by topic."""
