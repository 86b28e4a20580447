"""What makes the lab's cluster live: the controllers, the scheduler and the kubelets, run whenever somebody looks."""
