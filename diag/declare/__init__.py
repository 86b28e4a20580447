"""How facts and checks are declared: a function's parameters are the facts it needs."""
