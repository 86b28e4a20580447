"""What the lab's world allows: which packet arrives, which name resolves, which mount and which creation succeeds.

It is worked out from the state of the lab alone, apart from the doctor's own knowledge (nothing of `diag` is
imported): a fix is judged by it.
"""
